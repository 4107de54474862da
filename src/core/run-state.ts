import type { RunStatus } from "../contract/run.ts";

/** Whether a run has ended. A terminal status never changes. */
export function isTerminal(status: RunStatus): boolean {
  switch (status) {
    case "queued":
    case "running":
      return false;
    case "completed":
    case "failed":
    case "cancelled":
    case "timed_out":
    case "interrupted":
      return true;
    default:
      return status satisfies never;
  }
}
