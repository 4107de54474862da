import { LEASE_MS } from "../contract/limits.ts";
import { log } from "../log.ts";
import type { LiveRun } from "../store/live-runs.ts";
import type { CoordinatorContext } from "./context.ts";
import { startedRun } from "./started-run.ts";

// A write that an object has sent may be committed after the object was reset or gave it up, and so after whoever
// decides now has read the history. What such a write can do, and why no guarantee falls:
//
// - A late INSERT, or a late claim, leaves a row that says `running` of which this object does not know: a stray. Only
//   an object that knows of a commit tells an executor `started`, and all that was known before this object was in the
//   history when it first read. So nobody executes a stray. Its asker, if it asks again, gets the attempt if a slot is
//   free; if not, and if nobody asks until the lease runs out, the run is put back in the queue. No attempt has been
//   made, so none is counted.
// - A late INSERT of a queued run waits until its asker asks again, or the sweep reads the history.
// - A late end (close, retry, put back) counts only while the row is what it was when that was decided: of that
//   attempt, and, where somebody else decided it than the executor, with that lease. A claim ends the lease later than
//   any before it, so a late put back does not take an attempt away from who has been told to execute it since.
// - A late extension never shortens a lease.

/**
 * An executor asks again for the attempt that is its own in the history, since it got no answer: answers the attempt,
 * or null where it must not start: all slots are in use, or the run is put back or somebody else's by now.
 */
export async function resumeAttempt(context: CoordinatorContext, run: LiveRun & { leaseKey: string }) {
  const { knowledge, nowMs } = context;
  const { runId, attempt, leaseKey } = run;
  const known = knowledge.get(runId);
  if (known?.status === "queued") return null; // it is being put back
  const isStray = known === undefined || knowledge.isStray(runId);
  if (knowledge.slotsOfOthers(runId) >= run.policy.concurrency) {
    // Of what ran already when this object started, it cannot tell who is at work: the lease decides.
    if (isStray) await putBack(context, run);
    return null;
  }
  const startedAtMs = nowMs();
  const leaseExpiresAtMs = startedAtMs + LEASE_MS;
  knowledge.set({ ...run, cancelRequested: known?.cancelRequested ?? run.cancelRequested, leaseExpiresAtMs });
  const result = await knowledge.move(runId, () =>
    context.write({ kind: "claim", runId, attempt, leaseKey, startedAtMs, leaseExpiresAtMs }),
  );
  if (result.kind === "claimed") return startedRun(context, run, result);
  knowledge.forget(runId);
  return null;
}

/** Queues an attempt again that nobody was told to execute. Answers whether it was this write that did. */
export async function putBack(context: CoordinatorContext, run: LiveRun & { leaseKey: string }): Promise<boolean> {
  const { knowledge, nowMs } = context;
  const { runId, attempt, leaseKey, leaseExpiresAtMs, policy } = run;
  const availableAtMs = nowMs();
  const queueExpiresAtMs = availableAtMs + policy.queueTtlMs;
  // First of all, so that from here on nobody is told to execute it as it is.
  knowledge.set({ ...run, status: "queued", leaseKey: null, leaseExpiresAtMs: 0, availableAtMs, queueExpiresAtMs });
  const lease = { leaseKey, leaseExpiresAtMs };
  const result = await knowledge.move(runId, () =>
    context.write({ kind: "put_back", runId, attempt, ...lease, availableAtMs, queueExpiresAtMs }),
  );
  if (result.kind !== "changed" || !result.changed) {
    knowledge.forget(runId);
    return false;
  }
  log.warn("run.put_back", { run_id: runId, agent: context.agentName, attempt });
  if (knowledge.slotsInUse() < policy.concurrency) context.wake(0); // a slot may have been freed meanwhile
  return true;
}
