import * as z from "zod";
import { MAX_WAIT_S } from "../contract/limits.ts";
import { RunId } from "../contract/names.ts";
import { RunDetail, RunListQuery, RunPage, RunQuery } from "../contract/run.ts";
import { decodeCursor, encodeCursor } from "../core/cursor.ts";
import { listRuns } from "../store/runs.ts";
import { awaitRun } from "./await-run.ts";
import { readPreferences } from "./prefer.ts";
import { ProblemError } from "./problems.ts";
import { defineRoute } from "./route.ts";
import { instantOrNull, runDetail, runSummary } from "./run-view.ts";

const listAllRuns = defineRoute({
  method: "GET",
  path: "/api/agents/runs",
  tag: "Runs",
  summary: "List runs, newest first",
  description: "Pages by key: follow `next_cursor`, or the `Link` header with rel=next, until there is none.",
  access: "token",
  query: RunListQuery,
  answer: RunPage,
  problems: [],
  async handle({ query }, c) {
    const { limit } = query;
    const filter = {
      agentName: query.agent ?? null,
      status: query.status ?? null,
      sinceMs: query.since === undefined ? null : Date.parse(query.since),
      untilMs: query.until === undefined ? null : Date.parse(query.until),
    };
    const rows = await listRuns(c.env.DB, {
      ...filter,
      beforeId: query.cursor === undefined ? null : lastIdOf(query.cursor),
      limit: limit + 1, // one more than asked tells whether there is a next page
    });
    const runs = rows.slice(0, limit).map(runSummary);
    const last = runs.at(-1);
    const next = rows.length > limit && last !== undefined ? encodeCursor(last.id) : null;
    return {
      body: {
        runs,
        total: runs.length,
        filters: {
          agent: filter.agentName,
          status: filter.status,
          since: instantOrNull(filter.sinceMs),
          until: instantOrNull(filter.untilMs),
          limit,
        },
        next_cursor: next,
      },
      headers: next === null ? {} : { Link: `<${pageUrl(c.req.url, next)}>; rel="next"` },
    };
  },
});

const getRun = defineRoute({
  method: "GET",
  path: "/api/agents/runs/{id}",
  tag: "Runs",
  summary: "Show a run with its events",
  description: "With `wait`, or `Prefer: wait=<seconds>`, answers once the run has ended, or after that time as it is.",
  access: "token",
  pathParams: { schema: z.object({ id: RunId }), absent: "run_not_found" },
  query: RunQuery,
  answer: RunDetail,
  problems: ["run_not_found"],
  async handle({ path, query }, c) {
    const waitS = query.wait ?? readPreferences(c.req.header("Prefer")).waitS ?? 0;
    const run = await awaitRun(c.env.DB, path.id, Math.min(waitS, MAX_WAIT_S) * 1_000);
    if (run === null) throw new ProblemError({ code: "run_not_found", detail: `There is no run ${path.id}.` });
    return { body: runDetail(run) };
  },
});

export const runRoutes = [listAllRuns, getRun];

function lastIdOf(cursor: string): number {
  const id = decodeCursor(cursor);
  if (id !== null) return id;
  const reason = "is not a next_cursor of this service";
  throw new ProblemError(
    { code: "invalid_request", detail: `query.cursor: ${reason}` },
    { errors: [{ field: "query.cursor", reason }] },
  );
}

/** The same list, from the cursor on (RFC 8288). */
function pageUrl(currentUrl: string, cursor: string): string {
  const url = new URL(currentUrl);
  url.searchParams.set("cursor", cursor);
  return url.href;
}
