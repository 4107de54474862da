import { describeError, log } from "../log.ts";
import type { LiveRun } from "../store/live-runs.ts";
import { StorageError } from "../store/storage.ts";
import { closeRun } from "./close-run.ts";
import type { CoordinatorContext } from "./context.ts";
import type { CancelOutcome } from "./protocol.ts";

export const CANCELLED = "The run was cancelled.";

/** How often a run may move on, from running to queued and back, while it is being cancelled. */
const MAX_LOOKS = 5;

/** Cancels at once what waits or is outside; tells a running one to stop, which its executor learns with its next heartbeat. */
export async function cancelRun(context: CoordinatorContext, runId: number): Promise<CancelOutcome> {
  const { knowledge, nowMs } = context;
  if (knowledge.get(runId) === undefined) await knowledge.lookAgain(nowMs());
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const run = knowledge.get(runId);
    if (run === undefined) return { ok: true, kind: "not_live" };
    const done = await stop(context, run);
    if (done !== null) return { ok: true, kind: done };
    await knowledge.lookAgain(nowMs()); // it was claimed, queued again, or it ended meanwhile
  }
  throw new StorageError(`run ${runId} moved on each time it was to be cancelled`);
}

/** Null: the run is not what it was thought to be. */
async function stop(context: CoordinatorContext, run: LiveRun): Promise<"cancelled" | "requested" | null> {
  if (run.status === "queued" || run.handedOver) {
    return (await closeRun(context, run, "cancelled", CANCELLED)) === null ? null : "cancelled";
  }
  if (!run.cancelRequested && !(await requestCancel(context, run))) return null;
  // It may have been handed over while that was written: then no heartbeat will come to tell it by.
  const now = context.knowledge.get(run.runId);
  return now?.handedOver ? stop(context, now) : "requested";
}

/** Makes room for a newer run. That one is accepted already, and waits where no room can be made. */
export async function cancelOldest(context: CoordinatorContext): Promise<void> {
  const running = [...context.knowledge.running()].filter((run) => !run.cancelRequested);
  const [oldest] = running.sort((a, b) => a.runId - b.runId);
  if (oldest === undefined) return;
  try {
    await stop(context, oldest);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    context.knowledge.doubt();
    log.warn("run.not_displaced", { run_id: oldest.runId, agent: context.agentName, error: describeError(error) });
  }
}

/** Whether it was this very write that asked. */
async function requestCancel(context: CoordinatorContext, { runId }: LiveRun): Promise<boolean> {
  const { knowledge, nowMs } = context;
  const result = await knowledge.move(runId, () => context.write({ kind: "request_cancel", runId, atMs: nowMs() }));
  if (result.kind !== "changed" || !result.changed) return false;
  const now = knowledge.get(runId);
  if (now?.status === "running") knowledge.set({ ...now, cancelRequested: true });
  log.info("run.cancel_requested", { run_id: runId, agent: context.agentName });
  return true;
}
