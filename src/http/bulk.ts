import pMap from "p-map";
import { BulkAnswer, BulkRequest } from "../contract/bulk.ts";
import { BULK_CONCURRENCY } from "../contract/limits.ts";
import type { RunStatus } from "../contract/run.ts";
import type { StoredRun } from "../contract/run-record.ts";
import { listRunIds, readRun } from "../store/runs.ts";
import type { AppContext } from "./app-context.ts";
import { cancelRun } from "./cancel-run.ts";
import { ProblemError } from "./problems.ts";
import { replayRun } from "./replay-run.ts";
import { defineRoute } from "./route.ts";

type Done = BulkAnswer["done"][number];

const cancelRuns = defineRoute({
  method: "POST",
  path: "/api/agents/runs/cancel",
  tag: "Runs",
  summary: "Cancel many runs",
  description: "Without `status`, those that have not ended.",
  access: "operator",
  body: BulkRequest,
  answer: BulkAnswer,
  problems: [],
  async handle({ body }, c) {
    const statuses: RunStatus[] = body.status === undefined ? ["queued", "running"] : [body.status];
    return {
      body: await forEachRun(body, statuses, c, async (run) => ({
        id: run.id,
        status: (await cancelRun(run, c)).status,
      })),
    };
  },
});

const replayRuns = defineRoute({
  method: "POST",
  path: "/api/agents/runs/replay",
  tag: "Runs",
  summary: "Replay many runs",
  description: "Without `status`, those that failed, timed out or were interrupted. Each is queued as a new run.",
  access: "operator",
  body: BulkRequest,
  answer: BulkAnswer,
  problems: [],
  async handle({ body }, c) {
    const statuses: RunStatus[] = body.status === undefined ? ["failed", "timed_out", "interrupted"] : [body.status];
    return { body: await forEachRun(body, statuses, c, (run) => replayed(run, c)) };
  },
});

export const bulkRoutes = [cancelRuns, replayRuns];

async function replayed(run: StoredRun, c: AppContext): Promise<Done> {
  const { runId } = await replayRun(run, c);
  return { id: run.id, run_id: runId, status: "queued" };
}

/** Does the same to every run that the request is about, and says of each what was done or why not. */
async function forEachRun(
  body: BulkRequest,
  statuses: readonly RunStatus[],
  c: AppContext,
  act: (run: StoredRun) => Promise<Done>,
): Promise<BulkAnswer> {
  // An id that is given twice would be done twice, and refused the second time.
  const ids = body.ids === undefined ? await matchingIds(body, statuses, c) : [...new Set(body.ids)];
  const chosen = ids.slice(0, body.limit);
  const answer: BulkAnswer = { matched: chosen.length, more: ids.length > chosen.length, done: [], refused: [] };
  await pMap(
    chosen,
    async (id) => {
      try {
        const run = await readRun(c.env.DB, id);
        if (run === null) throw new ProblemError({ code: "run_not_found", detail: `There is no run ${id}.` });
        answer.done.push(await act(run));
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        answer.refused.push({ id, code: error.problem.code, reason: error.problem.detail });
      }
    },
    { concurrency: BULK_CONCURRENCY },
  );
  return answer;
}

/** The newest first, and one more than asked for, which tells whether there are more. */
async function matchingIds(body: BulkRequest, statuses: readonly RunStatus[], c: AppContext): Promise<number[]> {
  const filter = {
    agentName: body.agent ?? null,
    sinceMs: body.since === undefined ? null : Date.parse(body.since),
    untilMs: body.until === undefined ? null : Date.parse(body.until),
    beforeId: null,
    limit: body.limit + 1,
  };
  const lists = await Promise.all(statuses.map((status) => listRunIds(c.env.DB, { ...filter, status })));
  return lists
    .flat()
    .sort((a, b) => b - a)
    .slice(0, body.limit + 1);
}
