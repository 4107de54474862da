import { LEASE_MS, LEASE_RENEWAL_MS } from "../contract/limits.ts";
import type { CoordinatorContext } from "./context.ts";
import type { HeartbeatOutcome, HeartbeatRequest } from "./protocol.ts";

/**
 * Tells an executor whether to go on, writes the events that it brings, and extends its lease in good time: a beat
 * that brings nothing is mostly no row written.
 */
export async function heartbeat(context: CoordinatorContext, request: HeartbeatRequest): Promise<HeartbeatOutcome> {
  const { knowledge, nowMs } = context;
  const { runId, attempt, events } = request;
  const run = knowledge.get(runId);
  const isItsOwn = run?.status === "running" && run.attempt === attempt && !run.handedOver;
  if (!isItsOwn) return { ok: true, verdict: "lost" };
  const renew = run.leaseExpiresAtMs - nowMs() < LEASE_MS - LEASE_RENEWAL_MS;
  const [appended, ours] = await Promise.all([
    events.length === 0 || append(context, request),
    !renew || extend(context, request),
  ]);
  // Where nothing was new it is a repeat, or the attempt is nobody's any more: the lease knows which.
  if (!ours || (!appended && !renew && !(await extend(context, request)))) return { ok: true, verdict: "lost" };
  return { ok: true, verdict: knowledge.get(runId)?.cancelRequested ? "stop" : "go_on" };
}

async function append(context: CoordinatorContext, { runId, attempt, events }: HeartbeatRequest): Promise<boolean> {
  const result = await context.write({ kind: "append_events", runId, attempt, events });
  return result.kind === "changed" && result.changed;
}

/** Answers whether the attempt is still its executor's. */
async function extend({ knowledge, nowMs, write }: CoordinatorContext, request: HeartbeatRequest): Promise<boolean> {
  const { runId, attempt } = request;
  const leaseExpiresAtMs = nowMs() + LEASE_MS;
  const result = await write({ kind: "extend", runId, attempt, leaseExpiresAtMs });
  if (result.kind !== "changed" || !result.changed) return false;
  const now = knowledge.get(runId);
  if (now?.status === "running" && now.attempt === attempt) knowledge.set({ ...now, leaseExpiresAtMs });
  return true;
}
