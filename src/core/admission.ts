import type { Problem } from "../contract/problems.ts";

/** What to do with a run for which every slot is taken. */
export type WhenFull = "queue" | "reject" | "cancel_oldest";

/** What a coordinator holds when a run asks to begin. Counts, not lists: admission is arithmetic. */
export interface Load {
  /** Attempts that run now, those about to be recorded included. */
  running: number;
  queued: number;
  /** Those of the queued that could start now. */
  due: number;
  /** Writes that wait for a transaction. */
  pendingWrites: number;
}

export interface AdmissionLimits {
  concurrency: number;
  whenFull: WhenFull;
  maxQueued: number;
  maxPendingWrites: number;
  retryAfterS: number;
}

export type Admission =
  | { kind: "start" }
  | { kind: "queue" }
  /** Queue it, and cancel the oldest running run to make room. */
  | { kind: "displace" }
  | { kind: "refuse"; problem: Problem };

/**
 * Whether a run starts, waits, or is refused. `execute`: its caller can execute it now. `queue`: somebody will,
 * later: it takes a slot only when it is claimed, so it is refused only where there is no room to wait.
 */
export function admit(load: Load, limits: AdmissionLimits, mode: "execute" | "queue"): Admission {
  if (load.pendingWrites >= limits.maxPendingWrites) {
    return refuse("overloaded", "Too many runs wait to be recorded.", limits);
  }
  const full = load.running >= limits.concurrency;
  // Whoever is due already goes first, or a stream of callers would starve the queue.
  if (mode === "execute" && load.running + load.due < limits.concurrency) return { kind: "start" };
  if (full && limits.whenFull === "reject") {
    return refuse("agent_at_limit", `The agent runs ${limits.concurrency} at once and is at that limit.`, limits);
  }
  if (load.queued >= limits.maxQueued) {
    return refuse("queue_full", `${limits.maxQueued} runs of the agent wait already.`, limits);
  }
  return full && limits.whenFull === "cancel_oldest" ? { kind: "displace" } : { kind: "queue" };
}

function refuse(
  code: "overloaded" | "agent_at_limit" | "queue_full",
  detail: string,
  limits: AdmissionLimits,
): Admission {
  return { kind: "refuse", problem: { code, detail, retryAfterS: limits.retryAfterS } };
}
