import type { LiveRun } from "../store/live-runs.ts";

/**
 * What a coordinator knows of its agent's runs that have not ended. The history is the truth; this is read from
 * it when the object starts, and again after a write whose outcome is in doubt.
 */
export function createKnowledge(readLiveRuns: () => Promise<LiveRun[]>) {
  const runs = new Map<number, LiveRun>();
  /** Runs with a write on its way, which alone knows what becomes of them. */
  const moving = new Map<number, number>();
  /** For each reading of the history, the runs that moved while it went on. */
  const watchers = new Set<Set<number>>();
  /** Runs whose INSERT is on its way: a slot, or a place in the queue, without an id yet. */
  const entering = { running: 0, queued: 0 };
  let reading: Promise<void> | null = null;

  /** Resolves once the runs are known. */
  function known(): Promise<void> {
    reading ??= read().catch((error: unknown) => {
      reading = null;
      throw error;
    });
    return reading;
  }

  async function read(): Promise<void> {
    const knownBefore = new Set(runs.keys());
    const movedMeanwhile = new Set(moving.keys());
    watchers.add(movedMeanwhile);
    const stored = await readLiveRuns().finally(() => watchers.delete(movedMeanwhile));
    const live = new Set(stored.map((run) => run.runId));
    // What moved while the history was read, or began after, may not be in it as it is now.
    for (const runId of knownBefore) if (!live.has(runId) && !movedMeanwhile.has(runId)) runs.delete(runId);
    for (const run of stored) if (!movedMeanwhile.has(run.runId)) runs.set(run.runId, run);
  }

  /** Holds a slot, or a place in the queue, while the write that takes it is on its way. */
  async function enter<Outcome>(status: LiveRun["status"], write: () => Promise<Outcome>): Promise<Outcome> {
    entering[status]++;
    try {
      return await write();
    } finally {
      entering[status]--;
    }
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

  function lookAgain(): Promise<void> {
    doubt();
    return known();
  }

  function* having(status: LiveRun["status"]): Generator<LiveRun> {
    for (const run of runs.values()) if (run.status === status) yield run;
  }

  function count(status: LiveRun["status"]): number {
    let total = 0;
    for (const run of runs.values()) if (run.status === status) total++;
    return total;
  }

  return {
    known,
    enter,
    move,
    doubt,
    lookAgain,
    having,
    get: (runId: number) => runs.get(runId),
    set: (run: LiveRun) => void runs.set(run.runId, run),
    forget: (runId: number) => void runs.delete(runId),
    isMoving: (runId: number) => moving.has(runId),
    slotsInUse: () => count("running") + entering.running,
    queued: () => count("queued") + entering.queued,
  };
}

export type Knowledge = ReturnType<typeof createKnowledge>;
