import { LEASE_MS } from "../contract/limits.ts";
import type { LiveRun } from "../store/live-runs.ts";
import type { RunWriteResult } from "../store/run-write.ts";
import { closeRun } from "./close-run.ts";
import type { CoordinatorContext } from "./context.ts";
import type { ClaimOutcome } from "./protocol.ts";
import { resumeAttempt } from "./put-back.ts";
import { startedRun } from "./started-run.ts";

/**
 * Gives the executor the queued run whose turn it is, if one is due and a slot is free. A wake that comes twice, late
 * or too often claims another run or nothing: it is only a reason to look.
 */
export async function claimRun(context: CoordinatorContext, leaseKey: string): Promise<ClaimOutcome> {
  const { knowledge, nowMs } = context;
  for (const run of knowledge.running()) {
    // The repeat of a claim whose reply was lost: another run would leave this one to nobody.
    if (run.leaseKey === leaseKey)
      return (await resumeAttempt(context, { ...run, leaseKey })) ?? { ok: true, kind: "nothing" };
  }
  for (;;) {
    const atMs = nowMs();
    const [run] = knowledge.due(atMs);
    if (run === undefined) {
      wakeForNext(context, atMs);
      return { ok: true, kind: "nothing" };
    }
    if (run.queueExpiresAtMs <= atMs) {
      await closeOverstayed(context, run);
      continue;
    }
    if (knowledge.slotsInUse() >= run.policy.concurrency) return { ok: true, kind: "nothing" };
    const claimed = await knowledge.move(run.runId, () => claim(context, run, leaseKey, atMs));
    if (claimed !== null) return claimed;
  }
}

/** Where it was not closed it is not queued any more: found here again, it would be closed again and again. */
async function closeOverstayed(context: CoordinatorContext, run: LiveRun): Promise<void> {
  const { runId, policy } = run;
  const closed = await closeRun(context, run, "timed_out", `The run waited over ${policy.queueTtlMs} ms for its turn.`);
  if (closed === null) context.knowledge.forget(runId);
}

async function claim(
  context: CoordinatorContext,
  run: LiveRun,
  leaseKey: string,
  atMs: number,
): Promise<ClaimOutcome | null> {
  const { knowledge } = context;
  const { runId, attempt } = run;
  const leaseExpiresAtMs = atMs + LEASE_MS;
  const write = { kind: "claim", runId, attempt, leaseKey, startedAtMs: atMs, leaseExpiresAtMs } as const;
  const leave = knowledge.enter("running");
  let result: RunWriteResult;
  try {
    result = await context.write({ ...write, agentVersion: knowledge.version() });
  } finally {
    leave();
  }
  if (result.kind !== "claimed") {
    knowledge.forget(runId); // it is not queued any more, whatever was known of it
    return null;
  }
  knowledge.set({ ...run, status: "running", leaseKey, leaseExpiresAtMs });
  return startedRun(context, { ...run, leaseKey }, result);
}

/** A wake that came before its run was due, by a clock or a queue that rounds, must not be the last one. */
function wakeForNext({ knowledge, wake }: CoordinatorContext, atMs: number): void {
  let nextAtMs = Number.POSITIVE_INFINITY;
  for (const { availableAtMs } of knowledge.queue()) {
    if (availableAtMs > atMs) nextAtMs = Math.min(nextAtMs, availableAtMs);
  }
  if (nextAtMs - atMs < EARLY_WAKE_MS) wake(nextAtMs - atMs);
}

const EARLY_WAKE_MS = 2_000;
