import * as z from "zod";
import { RunId } from "../contract/names.ts";
import { RunDetail, RunListQuery, RunPage } from "../contract/run.ts";
import { decodeCursor, encodeCursor } from "../core/cursor.ts";
import { listRuns, readRun } from "../store/runs.ts";
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
  access: "token",
  pathParams: { schema: z.object({ id: RunId }), absent: "run_not_found" },
  answer: RunDetail,
  problems: ["run_not_found"],
  async handle({ path }, c) {
    const run = await readRun(c.env.DB, path.id);
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
