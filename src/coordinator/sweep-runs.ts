import { MAX_SWEPT_RUNS } from "../contract/limits.ts";
import { nextStep } from "../core/retry.ts";
import type { LiveRun } from "../store/live-runs.ts";
import { closeRun, retryRun } from "./close-run.ts";
import type { CoordinatorContext } from "./context.ts";
import type { SweepOutcome } from "./protocol.ts";

const NOT_COMPLETED = "The agent took the run over, and nobody completed it within its time.";
const INTERRUPTED = "The executor of this attempt vanished before it recorded a result.";

/**
 * Takes back what nobody holds any more: attempts whose lease has run out are repeated or closed as the run's policy
 * says, and runs that wait longer than they may are closed. Then wakes executors for what is due, since a wake may
 * have been lost.
 */
export async function sweepRuns(context: CoordinatorContext): Promise<SweepOutcome> {
  const { knowledge, nowMs } = context;
  const atMs = nowMs();
  const expired = [...knowledge.running()].filter((run) => run.leaseExpiresAtMs <= atMs);
  const ends = await Promise.all(expired.slice(0, MAX_SWEPT_RUNS).map((run) => interrupt(context, run, atMs)));
  const overstayed = knowledge.queue().filter((run) => run.queueExpiresAtMs <= atMs);
  const timedOut = await Promise.all(
    overstayed
      .slice(0, MAX_SWEPT_RUNS)
      .map((run) =>
        closeRun(context, run, "timed_out", `The run waited over ${run.policy.queueTtlMs} ms for its turn.`),
      ),
  );
  const woken = wakeForDue(context);
  const closed = ends.filter((end) => end === "closed").length + timedOut.filter((end) => end !== null).length;
  return { ok: true, closed, retried: ends.filter((end) => end === "retried").length, woken };
}

async function interrupt(
  context: CoordinatorContext,
  run: LiveRun,
  atMs: number,
): Promise<"closed" | "retried" | "stale"> {
  const ended = { result: null, events: [], ifLeaseExpiredByMs: atMs };
  const { attempt, cancelRequested, policy } = run;
  const end = run.handedOver ? "timed_out" : "interrupted";
  const error = run.handedOver ? NOT_COMPLETED : INTERRUPTED;
  const step = { end, attempt, cancelRequested, advice: { kind: "none" } } as const;
  const next = nextStep(step, policy.retry, context.randomFraction());
  if (next.kind === "retry") {
    const retried = await retryRun(context, run, { end, delayMs: next.delayMs, error }, ended);
    return retried === null ? "stale" : "retried";
  }
  const closed = await closeRun(context, run, next.status, error, ended);
  return closed === null ? "stale" : "closed";
}

function wakeForDue(context: CoordinatorContext): number {
  const due = [...context.knowledge.due(context.nowMs())];
  const free = (due[0]?.policy.concurrency ?? 0) - context.knowledge.slotsInUse();
  const wakes = Math.max(0, Math.min(due.length, free, MAX_SWEPT_RUNS));
  for (let n = 0; n < wakes; n++) context.wake(0);
  return wakes;
}
