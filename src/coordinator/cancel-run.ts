import { describeError, log } from "../log.ts";
import type { LiveRun } from "../store/live-runs.ts";
import { StorageError } from "../store/storage.ts";
import { closeRun } from "./close-run.ts";
import type { CoordinatorContext } from "./context.ts";
import type { CancelOutcome } from "./protocol.ts";

const CANCELLED = "The run was cancelled.";

/** Cancels a queued run at once; tells a running one to stop, which its executor learns with its next heartbeat. */
export async function cancelRun(context: CoordinatorContext, runId: number): Promise<CancelOutcome> {
  const run = context.knowledge.get(runId);
  if (run === undefined) return { ok: true, kind: "not_live" };
  if (run.status === "running") return requestCancel(context, run);
  const closed = await closeRun(context, run, "cancelled", CANCELLED);
  if (closed !== null) return { ok: true, kind: "cancelled" };
  await context.knowledge.known(); // it was claimed meanwhile, or it ended
  const now = context.knowledge.get(runId);
  return now?.status === "running" ? requestCancel(context, now) : { ok: true, kind: "not_live" };
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

async function requestCancel(context: CoordinatorContext, run: LiveRun): Promise<CancelOutcome> {
  const { knowledge } = context;
  if (run.cancelRequested) return { ok: true, kind: "requested" };
  const { runId } = run;
  const result = await context.write({ kind: "request_cancel", runId, atMs: context.nowMs() });
  const now = knowledge.get(runId);
  if (now?.status === "running") knowledge.set({ ...now, cancelRequested: true });
  log.info("run.cancel_requested", { run_id: runId, agent: context.agentName });
  return {
    ok: true,
    kind: result.kind === "changed" && (result.changed || now !== undefined) ? "requested" : "not_live",
  };
}
