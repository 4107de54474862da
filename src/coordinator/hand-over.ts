import { log } from "../log.ts";
import { CANCELLED } from "./cancel-run.ts";
import { closeRun } from "./close-run.ts";
import type { CoordinatorContext } from "./context.ts";
import type { HandOverOutcome, HandOverRequest } from "./protocol.ts";

/**
 * Leaves a running attempt to somebody outside: its lease lasts until `untilMs`, without heartbeats, and it keeps its
 * slot. What it has used is in the history from here on, but for an attempt that was completed before it was handed
 * over: it has ended. A run that is to be cancelled is, here and now: there will be no heartbeat to tell it by.
 */
export async function handOver(context: CoordinatorContext, request: HandOverRequest): Promise<HandOverOutcome> {
  const { knowledge, nowMs } = context;
  const { runId, attempt, events, atMs, untilMs, used } = request;
  const run = knowledge.get(runId);
  if (run?.status !== "running" || run.attempt !== attempt) return { ok: true, kind: "stale" };
  if (run.handedOver) return { ok: true, kind: "handed_over" };
  if (run.cancelRequested) {
    const result = { outputJson: null, outputTruncated: false, durationMs: 0, ...used };
    await closeRun(context, run, "cancelled", CANCELLED, { result, events, ifLeaseExpiredByMs: null });
    return { ok: true, kind: "stale" };
  }
  const write = { kind: "hand_over", runId, attempt, events, atMs, leaseExpiresAtMs: untilMs, used } as const;
  const result = await knowledge.move(runId, () => context.write(write));
  if (result.kind !== "changed" || !result.changed) {
    await knowledge.lookAgain(nowMs()); // it may have been cancelled meanwhile
    const now = knowledge.get(runId);
    return now?.cancelRequested && !now.handedOver ? handOver(context, request) : { ok: true, kind: "stale" };
  }
  const now = knowledge.get(runId);
  if (now?.status === "running" && now.attempt === attempt) {
    knowledge.set({ ...now, handedOver: true, leaseExpiresAtMs: untilMs });
  }
  log.info("run.handed_over", { run_id: runId, agent: context.agentName, attempt, until_ms: untilMs });
  return { ok: true, kind: "handed_over" };
}
