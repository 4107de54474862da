import { LEASE_MS, LEASE_RENEWAL_MS } from "../contract/limits.ts";
import type { CoordinatorContext } from "./context.ts";
import type { HeartbeatOutcome, HeartbeatRequest } from "./protocol.ts";

/** Tells an executor whether to go on, and extends its lease in good time: not every beat is a row written. */
export async function heartbeat(context: CoordinatorContext, request: HeartbeatRequest): Promise<HeartbeatOutcome> {
  const { knowledge, nowMs } = context;
  const { runId, attempt } = request;
  const run = knowledge.get(runId);
  if (run?.status !== "running" || run.attempt !== attempt) return { ok: true, verdict: "lost" };
  const atMs = nowMs();
  if (run.leaseExpiresAtMs - atMs < LEASE_MS - LEASE_RENEWAL_MS) {
    const leaseExpiresAtMs = atMs + LEASE_MS;
    const result = await context.write({ kind: "extend", runId, attempt, leaseExpiresAtMs });
    if (result.kind !== "changed" || !result.changed) return { ok: true, verdict: "lost" };
    const now = knowledge.get(runId);
    if (now?.status === "running" && now.attempt === attempt) knowledge.set({ ...now, leaseExpiresAtMs });
  }
  return { ok: true, verdict: knowledge.get(runId)?.cancelRequested ? "stop" : "go_on" };
}
