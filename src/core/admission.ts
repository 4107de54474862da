import type { Problem } from "../contract/problems.ts";

/** What a coordinator holds when a run asks to begin. Counts, not lists: admission is arithmetic. */
export interface Load {
  /** Attempts that run now, those about to be recorded included. */
  active: number;
  /** Writes that wait for a transaction. */
  pendingWrites: number;
}

export interface AdmissionLimits {
  concurrency: number;
  maxPendingWrites: number;
  retryAfterS: number;
}

/** Whether one more attempt may begin: null if it may, else why not. */
export function refuseAdmission(load: Load, limits: AdmissionLimits): Problem | null {
  if (load.active >= limits.concurrency) {
    return {
      code: "agent_at_limit",
      detail: `The agent runs ${limits.concurrency} at once and is at that limit.`,
      retryAfterS: limits.retryAfterS,
    };
  }
  if (load.pendingWrites >= limits.maxPendingWrites) {
    return {
      code: "overloaded",
      detail: "Too many runs wait to be recorded.",
      retryAfterS: limits.retryAfterS,
    };
  }
  return null;
}
