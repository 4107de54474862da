/**
 * Which runs hold a slot of an agent's concurrency. The history is the truth; this is the coordinator's
 * knowledge of it, read when the object starts and again after a write whose outcome is in doubt.
 */
export function createSlots(readRunningIds: () => Promise<number[]>) {
  const held = new Set<number>();
  const leaving = new Set<number>();
  /** Runs whose INSERT is on its way: a slot without an id yet. */
  let entering = 0;
  let reading: Promise<void> | null = null;

  /** Resolves once the slots are known. */
  function known(): Promise<void> {
    reading ??= read().catch((error: unknown) => {
      reading = null;
      throw error;
    });
    return reading;
  }

  async function read(): Promise<void> {
    const heldBefore = [...held];
    const leavingBefore = new Set(leaving);
    const running = new Set(await readRunningIds());
    // A run that entered or left while the history was read may be missing from it, or be in it still.
    for (const runId of heldBefore) if (!running.has(runId)) held.delete(runId);
    for (const runId of running) if (!leavingBefore.has(runId)) held.add(runId);
  }

  /** Holds a slot while `insert` is on its way, and from then on for the run that `startedBy` finds in its outcome. */
  async function enter<Outcome>(
    insert: () => Promise<Outcome>,
    startedBy: (outcome: Outcome) => number | null,
  ): Promise<Outcome> {
    entering++;
    try {
      const outcome = await insert();
      const runId = startedBy(outcome);
      if (runId !== null) held.add(runId);
      return outcome;
    } finally {
      entering--;
    }
  }

  /** Frees the run's slot once `close` has settled the matter; where it throws, the slot stays held. */
  async function leave<Closed>(runId: number, close: () => Promise<Closed>): Promise<Closed> {
    leaving.add(runId);
    try {
      const closed = await close();
      held.delete(runId);
      return closed;
    } finally {
      leaving.delete(runId);
    }
  }

  /** What is known may be wrong, since a write failed and may have been applied: read again. */
  function doubt(): void {
    reading = null;
  }

  return { known, enter, leave, doubt, inUse: () => held.size + entering };
}
