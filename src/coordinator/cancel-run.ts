import { describeError, log } from "../log.ts";
import type { LiveRun } from "../store/live-runs.ts";
import { StorageError } from "../store/storage.ts";
import { closeRun } from "./close-run.ts";
import type { CoordinatorContext } from "./context.ts";
import type { CancelOutcome } from "./protocol.ts";

const CANCELLED = "The run was cancelled.";

/** How often a run may move on, from running to queued and back, while it is being cancelled. */
const MAX_LOOKS = 5;

/** Cancels a queued run at once; tells a running one to stop, which its executor learns with its next heartbeat. */
export async function cancelRun(context: CoordinatorContext, runId: number): Promise<CancelOutcome> {
  const { knowledge } = context;
  if (knowledge.get(runId) === undefined) await knowledge.lookAgain();
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const run = knowledge.get(runId);
    if (run === undefined) return { ok: true, kind: "not_live" };
    if (run.status === "queued") {
      const closed = await closeRun(context, run, "cancelled", CANCELLED);
      if (closed !== null) return { ok: true, kind: "cancelled" };
    } else if (run.cancelRequested || (await requestCancel(context, run))) {
      return { ok: true, kind: "requested" };
    }
    await knowledge.lookAgain(); // it was claimed, queued again, or it ended meanwhile
  }
  throw new StorageError(`run ${runId} moved on each time it was to be cancelled`);
}

/** Makes room for a newer run. That one is accepted already, and waits where no room can be made. */
export async function cancelOldest(context: CoordinatorContext): Promise<void> {
  const running = [...context.knowledge.having("running")].filter((run) => !run.cancelRequested);
  const [oldest] = running.sort((a, b) => a.runId - b.runId);
  if (oldest === undefined) return;
  try {
    await requestCancel(context, oldest);
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
