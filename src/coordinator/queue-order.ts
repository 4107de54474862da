import type { LiveRun } from "../store/live-runs.ts";
import type { Knowledge } from "./knowledge.ts";

/** The queued runs that may start now, in the order in which they should: higher priority first, then as they came. */
export function dueRuns(knowledge: Knowledge, atMs: number): LiveRun[] {
  return [...knowledge.having("queued")]
    .filter((run) => run.availableAtMs <= atMs && !knowledge.isMoving(run.runId))
    .sort((a, b) => b.priority - a.priority || a.runId - b.runId);
}

/** When the next queued run may start that may not yet, or null. */
export function nextAvailableAtMs(knowledge: Knowledge, atMs: number): number | null {
  let next: number | null = null;
  for (const run of knowledge.having("queued")) {
    if (run.availableAtMs > atMs) next = Math.min(next ?? run.availableAtMs, run.availableAtMs);
  }
  return next;
}
