import { nowMs, sleep } from "../clock.ts";
import type { StoredRun } from "../contract/run-record.ts";
import { backoffMs } from "../core/backoff.ts";
import { isTerminal } from "../core/run-state.ts";
import { readRun, readRunStatus } from "../store/runs.ts";

/** How the history is asked again and again whether a run has moved. */
export const POLL = { minDelayMs: 25, maxDelayMs: 1_000, factor: 1.5 };

/**
 * The run once it has ended, or as it is after `waitMs`; null if there is none. It asks the history, ever less
 * often, and not the coordinator, which would be billed for every second of the wait.
 */
export async function awaitRun(db: D1Database, runId: number, waitMs: number): Promise<StoredRun | null> {
  const untilMs = nowMs() + waitMs;
  for (let polls = 1; ; polls++) {
    const leftMs = untilMs - nowMs();
    if (leftMs <= 0) break;
    const status = await readRunStatus(db, runId);
    if (status === null || isTerminal(status)) break;
    await sleep(Math.min(leftMs, backoffMs(POLL, polls, 1)));
  }
  return readRun(db, runId);
}
