import { nextStep } from "../core/retry.ts";
import { closeRun, retryRun } from "./close-run.ts";
import type { CoordinatorContext } from "./context.ts";
import type { FinishOutcome, FinishRequest } from "./protocol.ts";

/**
 * Records how an attempt ended, if the run is still this attempt's: closes the run and adds it to the agent's usage
 * in one transaction, or queues its next attempt.
 */
export async function finishAttempt(context: CoordinatorContext, request: FinishRequest): Promise<FinishOutcome> {
  const { runId, attempt, end, error, advice, result, events } = request;
  const run = context.knowledge.get(runId);
  if (run?.status !== "running" || run.attempt !== attempt) return { ok: true, kind: "stale" };
  const ended = { result, events, ifLeaseExpiredByMs: null };
  const next = nextStep(
    { end, attempt, cancelRequested: run.cancelRequested, advice },
    run.policy.retry,
    context.randomFraction(),
  );
  if (next.kind === "retry") {
    const availableAtMs = await retryRun(context, run, { end, delayMs: next.delayMs, error }, ended);
    if (availableAtMs !== null) return { ok: true, kind: "retrying", availableAtMs };
    await context.knowledge.known(context.nowMs()); // it may have been cancelled meanwhile, and then it ends here
    const now = context.knowledge.get(runId);
    return now?.cancelRequested && !run.cancelRequested ? finishAttempt(context, request) : { ok: true, kind: "stale" };
  }
  const completedAtMs = await closeRun(context, run, next.status, error, ended);
  return completedAtMs === null
    ? { ok: true, kind: "stale" }
    : { ok: true, kind: "closed", status: next.status, completedAtMs };
}
