import * as z from "zod";
import { MAX_PAGE_EVENTS, MAX_WAIT_S } from "../contract/limits.ts";
import { RunId } from "../contract/names.ts";
import { RunAnswer, RunDetail, RunQuery } from "../contract/run.ts";
import { RunListQuery, RunPage } from "../contract/run-list.ts";
import type { StoredRun } from "../contract/run-record.ts";
import { decodeCursor, encodeCursor } from "../core/cursor.ts";
import { readEvents } from "../store/run-events.ts";
import { listRuns, readRun } from "../store/runs.ts";
import { readRunWebhook } from "../store/webhook-deliveries.ts";
import type { AppContext } from "./app-context.ts";
import { noteChange } from "./audited.ts";
import { awaitRun } from "./await-run.ts";
import { cancelRun } from "./cancel-run.ts";
import { readPreferences } from "./prefer.ts";
import { ProblemError } from "./problems.ts";
import { replayRun } from "./replay-run.ts";
import { defineRoute } from "./route.ts";
import { instantOrNull, runAnswer, runDetail, runSummary } from "./run-view.ts";

const pathParams = { schema: z.object({ id: RunId }), absent: "run_not_found" } as const;

const listAllRuns = defineRoute({
  method: "GET",
  path: "/api/agents/runs",
  tag: "Runs",
  summary: "List runs, newest first",
  description: "Pages by key: follow `next_cursor`, or the `Link` header with rel=next, until there is none.",
  access: "viewer",
  query: RunListQuery,
  answer: RunPage,
  problems: [],
  async handle({ query }, c) {
    const page = await readRunPage(query, c);
    const next = page.next_cursor;
    return { body: page, headers: next === null ? {} : { Link: `<${pageUrl(c.req.url, next)}>; rel="next"` } };
  },
});

const getRun = defineRoute({
  method: "GET",
  path: "/api/agents/runs/{id}",
  tag: "Runs",
  summary: "Show a run with its events",
  description: "With `wait`, or `Prefer: wait=<seconds>`, answers once the run has ended, or after that time as it is.",
  access: "viewer",
  pathParams,
  query: RunQuery,
  answer: RunDetail,
  problems: ["run_not_found"],
  async handle({ path, query }, c) {
    const waitS = query.wait ?? readPreferences(c.req.header("Prefer")).waitS ?? 0;
    const run = await awaitRun(c.env.DB, path.id, Math.min(waitS, MAX_WAIT_S) * 1_000);
    return { body: await detailOf(found(run, path.id), c) };
  },
});

const cancelOneRun = defineRoute({
  method: "POST",
  path: "/api/agents/runs/{id}/cancel",
  tag: "Runs",
  summary: "Cancel a run",
  description:
    "A queued run is cancelled at once (200); a running one is told to stop (202), and is cancelled within seconds. To cancel a cancelled run again is no error; one that ended otherwise is answered 409.",
  access: "operator",
  pathParams,
  answer: RunDetail,
  answerStatuses: [200, 202],
  problems: ["run_not_found", "run_ended", "coordinator_unavailable"],
  async handle({ path }, c) {
    const before = found(await readRun(c.env.DB, path.id), path.id);
    const run = await cancelRun(before, c);
    noteChange(c, { before: { status: before.status }, after: { status: run.status } });
    return { status: run.status === "cancelled" ? 200 : 202, body: await detailOf(run, c) };
  },
});

const replayOneRun = defineRoute({
  method: "POST",
  path: "/api/agents/runs/{id}/replay",
  tag: "Runs",
  summary: "Run again with the same input",
  description: "Queues a new run, linked to this one by `replay_of`. `Idempotency-Key` is heard.",
  access: "operator",
  pathParams,
  answer: RunAnswer,
  answerStatuses: [202],
  problems: [
    "run_not_found",
    "agent_not_found",
    "agent_retired",
    "agent_disabled",
    "agent_changed",
    "run_not_ended",
    "invalid_params",
    "invalid_idempotency_key",
    "idempotency_mismatch",
    "agent_at_limit",
    "queue_full",
    "budget_exceeded",
    "coordinator_unavailable",
  ],
  async handle({ path }, c) {
    const { runId, joined } = await replayRun(found(await readRun(c.env.DB, path.id), path.id), c);
    const run = found(await readRun(c.env.DB, runId), runId);
    noteChange(c, { before: null, after: { replay_of: path.id, run_id: runId } });
    const headers = { Location: `/api/agents/runs/${runId}`, ...(joined ? { "Idempotency-Replayed": "true" } : {}) };
    return { status: 202, headers, body: runAnswer(run) };
  },
});

/** A page of the history, as a list's query asks for it. Throws `invalid_request` on a cursor that is none of ours. */
export async function readRunPage(query: RunListQuery, c: AppContext): Promise<RunPage> {
  const { limit } = query;
  const filter = {
    agentName: query.agent ?? null,
    status: query.status ?? null,
    jobId: query.job ?? null,
    trigger: query.trigger ?? null,
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
  return {
    runs,
    total: runs.length,
    filters: {
      agent: filter.agentName,
      status: filter.status,
      job: filter.jobId,
      trigger: filter.trigger,
      since: instantOrNull(filter.sinceMs),
      until: instantOrNull(filter.untilMs),
      limit,
    },
    next_cursor: rows.length > limit && last !== undefined ? encodeCursor(last.id) : null,
  };
}

/** A run with its first events. Throws `run_not_found`. */
export async function readRunDetail(id: number, c: AppContext): Promise<RunDetail> {
  return detailOf(found(await readRun(c.env.DB, id), id), c);
}

export const runRoutes = [listAllRuns, getRun, cancelOneRun, replayOneRun];

/** The events are read after the run: of one that has ended they are all there, or all of the first page. */
async function detailOf(run: StoredRun, c: AppContext): Promise<RunDetail> {
  const [page, webhook] = await Promise.all([
    readEvents(c.env.DB, { runId: run.id, afterSeq: 0, limit: MAX_PAGE_EVENTS }),
    readRunWebhook(c.env.DB, run.id),
  ]);
  if (page === null) throw absent(run.id);
  return runDetail(run, page, webhook);
}

function found(run: StoredRun | null, id: number): StoredRun {
  if (run !== null) return run;
  throw absent(id);
}

function absent(id: number): ProblemError {
  return new ProblemError({ code: "run_not_found", detail: `There is no run ${id}.` });
}

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
