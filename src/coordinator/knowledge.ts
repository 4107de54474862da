import type { VersionedBudget } from "../store/budgets.ts";
import type { AgentState, LiveRun } from "../store/live-runs.ts";
import { createRunQueue } from "./run-queue.ts";

/**
 * What a coordinator knows of its agent: the version in force, and the runs that have not ended. The history is the
 * truth; this is read from it when the object starts, and again after a write whose outcome is in doubt.
 */
export function createKnowledge(readAgentState: () => Promise<AgentState>) {
  const running = new Map<number, LiveRun>();
  const queue = createRunQueue();
  /** Runs that the history says are running, of which this object knows that nobody was told so: see put-back.ts. */
  const strays = new Set<number>();
  /** Runs with a write on its way, which alone knows what becomes of them. */
  const moving = new Map<number, number>();
  /** For each reading of the history, the runs that moved while it went on. */
  const watchers = new Set<Set<number>>();
  /** Runs whose INSERT is on its way: a slot, or a place in the queue, without an id yet. */
  const entering = { running: 0, queued: 0 };
  let reading: Promise<void> | null = null;
  let everRead = false;
  let readAtMs = 0;
  let version = 0;
  let sharedBudget: VersionedBudget = { version: 0, budget: {} };

  /** Resolves once the runs are known, as they were when the last lease ran out or later. */
  function known(atMs: number): Promise<void> {
    if (someLeaseRanOut(atMs)) reading = null;
    reading ??= read(atMs).catch((error: unknown) => {
      reading = null;
      throw error;
    });
    return reading;
  }

  /**
   * Since the history was read. An object that was reset may have ended a run by a write that was committed after this
   * one looked: if its executor has gone too, nobody will tell, and the run would hold its slot for ever.
   */
  function someLeaseRanOut(atMs: number): boolean {
    for (const { leaseExpiresAtMs } of running.values()) {
      if (leaseExpiresAtMs <= atMs && leaseExpiresAtMs > readAtMs) return true;
    }
    return false;
  }

  async function read(atMs: number): Promise<void> {
    const knownBefore = [...running.keys(), ...queue.inOrder().map((run) => run.runId)];
    const movedMeanwhile = new Set(moving.keys());
    watchers.add(movedMeanwhile);
    const stored = await readAgentState().finally(() => watchers.delete(movedMeanwhile));
    learnVersion(stored.version);
    learnSharedBudget(stored.sharedBudget);
    const live = new Set(stored.liveRuns.map((run) => run.runId));
    // What moved while the history was read, or began after, may not be in it as it is now.
    for (const runId of knownBefore) if (!live.has(runId) && !movedMeanwhile.has(runId)) forget(runId);
    for (const run of stored.liveRuns) if (!movedMeanwhile.has(run.runId)) note(run);
    everRead = true;
    readAtMs = atMs;
  }

  /** Versions only rise: one that was read before a change and answered after it changes nothing. */
  function learnVersion(learned: number): void {
    version = Math.max(version, learned);
  }

  /** As with versions. */
  function learnSharedBudget(learned: VersionedBudget): void {
    if (learned.version > sharedBudget.version) sharedBudget = learned;
  }

  function note(run: LiveRun): void {
    const before = running.get(run.runId);
    const same = before?.attempt === run.attempt && before.leaseKey === run.leaseKey;
    // What ran before this object looked for the first time may be at work. What it did not see start is not.
    if (run.status === "running" && everRead && !same) strays.add(run.runId);
    else if (!same) strays.delete(run.runId);
    keep(run);
  }

  /**
   * Holds a slot, or a place in the queue, while the write that takes it is on its way. Call what it answers once the
   * write is settled, and before anything is awaited set what became of it: then no slot is held twice, or by nobody.
   */
  function enter(status: LiveRun["status"]): () => void {
    entering[status]++;
    return () => void entering[status]--;
  }

  /** Changes a run: while `write` is on its way, nothing else that is read of the run counts. */
  async function move<Outcome>(runId: number, write: () => Promise<Outcome>): Promise<Outcome> {
    moving.set(runId, (moving.get(runId) ?? 0) + 1);
    for (const watcher of watchers) watcher.add(runId);
    try {
      return await write();
    } finally {
      const left = (moving.get(runId) ?? 1) - 1;
      if (left === 0) moving.delete(runId);
      else moving.set(runId, left);
    }
  }

  /** What is known may be wrong, since a write failed and may have been applied: read again. */
  function doubt(): void {
    reading = null;
  }

  function lookAgain(atMs: number): Promise<void> {
    doubt();
    return known(atMs);
  }

  function set(run: LiveRun): void {
    strays.delete(run.runId);
    keep(run);
  }

  function forget(runId: number): void {
    strays.delete(runId);
    drop(runId);
  }

  function keep(run: LiveRun): void {
    drop(run.runId);
    if (run.status === "running") running.set(run.runId, run);
    else queue.set(run);
  }

  function drop(runId: number): void {
    running.delete(runId);
    queue.remove(runId);
  }

  /** The queued runs that may start now, in the order in which they should. */
  function* due(atMs: number): Generator<LiveRun> {
    for (const run of queue.inOrder()) if (run.availableAtMs <= atMs && !moving.has(run.runId)) yield run;
  }

  /** What may be at work, but for that run. */
  function slotsOfOthers(runId: number): number {
    let total = entering.running;
    for (const other of running.keys()) if (other !== runId && !strays.has(other)) total++;
    return total;
  }

  return {
    known,
    enter,
    move,
    doubt,
    lookAgain,
    /** Of the agent's configuration, in force. */
    version: () => version,
    learnVersion,
    /** For all agents, in force; D1 refuses what goes by an older one. */
    sharedBudget: () => sharedBudget,
    learnSharedBudget,
    running: (): Iterable<LiveRun> => running.values(),
    /** All that are queued, in the order in which they should start. */
    queue: () => queue.inOrder(),
    due,
    get: (runId: number) => running.get(runId) ?? queue.get(runId),
    set,
    forget,
    isStray: (runId: number) => strays.has(runId),
    slotsOfOthers,
    slotsInUse: () => running.size + entering.running,
    queued: () => queue.size() + entering.queued,
  };
}

export type Knowledge = ReturnType<typeof createKnowledge>;
