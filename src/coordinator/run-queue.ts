import type { LiveRun } from "../store/live-runs.ts";

/**
 * An agent's queued runs, in the order in which they should start: higher priority first, then as they came. Kept in
 * order, since there may be ten thousand, and whatever begins or ends asks who is next.
 */
export function createRunQueue() {
  const byId = new Map<number, LiveRun>();
  const inOrder: LiveRun[] = [];

  /** Where the run is, or would be: binary search. */
  function placeOf(run: LiveRun): number {
    let [from, to] = [0, inOrder.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (startsBefore(inOrder[middle] as LiveRun, run)) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  function remove(runId: number): void {
    const run = byId.get(runId);
    if (run === undefined) return;
    byId.delete(runId);
    inOrder.splice(placeOf(run), 1);
  }

  return {
    get: (runId: number) => byId.get(runId),
    /** In place of what was queued under its id. */
    set(run: LiveRun): void {
      remove(run.runId);
      byId.set(run.runId, run);
      inOrder.splice(placeOf(run), 0, run);
    },
    remove,
    size: () => byId.size,
    inOrder: (): readonly LiveRun[] => inOrder,
  };
}

function startsBefore(a: LiveRun, b: LiveRun): boolean {
  return a.priority > b.priority || (a.priority === b.priority && a.runId < b.runId);
}
