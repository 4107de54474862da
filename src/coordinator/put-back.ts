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
//   free, and if not the run is put back in the queue; no attempt has been made, so none is counted. If nobody asks,
//   who asked was told that it failed or is gone: once the lease has run out the sweep interrupts it as any other.
// - A late INSERT of a queued run waits until its asker asks again, or the sweep reads the history.
// - A late end (close, retry, put back) counts only while the row is what it was when that was decided: of that
//   attempt, and, where it was not its executor who ended it, with that lease. A claim ends the lease later than any
//   before it, so a late put back takes no attempt away from who has been told to execute it since.
// - A late extension never shortens a lease.

/**
 * An executor asks again for the attempt that is its own in the history, since it got no answer: answers the attempt,
 * or null where it must not start: all slots are in use, or the run is put back or somebody else's by now.
 */
export async function resumeAttempt(context: CoordinatorContext, run: LiveRun & { leaseKey: string }) {
  const { knowledge, nowMs } = context;
  const { runId, attempt, leaseKey } = run;
  const known = knowledge.get(runId);
  const same = known?.status === "running" && known.attempt === attempt && known.leaseKey === leaseKey;
  // It is being put back, or the asker's no more, or goes on outside.
  if (known !== undefined && (!same || known.handedOver)) return null;
  const isStray = known === undefined || knowledge.isStray(runId);
  if (knowledge.slotsOfOthers(runId) >= run.policy.concurrency) {
    // Of what ran already when this object started, it cannot tell who is at work: the lease decides.
    if (isStray) await putBack(context, run);
    return null;
  }
  const startedAtMs = nowMs();
  const leaseExpiresAtMs = startedAtMs + LEASE_MS;
  knowledge.set({ ...run, cancelRequested: known?.cancelRequested ?? run.cancelRequested, leaseExpiresAtMs });
  const write = { kind: "claim", runId, attempt, leaseKey, startedAtMs, leaseExpiresAtMs } as const;
  const result = await knowledge.move(runId, () => context.write({ ...write, agentVersion: knowledge.version() }));
  if (result.kind === "claimed") return startedRun(context, run, result);
  knowledge.doubt();
  return null;
}

/** Queues an attempt again that nobody was told to execute. */
async function putBack(context: CoordinatorContext, run: LiveRun & { leaseKey: string }): Promise<void> {
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
  if (result.kind !== "changed" || !result.changed) return knowledge.doubt();
  log.warn("run.put_back", { run_id: runId, agent: context.agentName, attempt });
  if (knowledge.slotsInUse() < policy.concurrency) context.wake(0); // a slot may have been freed meanwhile
}
