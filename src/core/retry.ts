import type { RunStatus } from "../contract/run.ts";
import type { RetryPolicy } from "../contract/run-policy.ts";
import { backoffMs } from "./backoff.ts";

export type AttemptEnd = Extract<RunStatus, "completed" | "failed" | "timed_out" | "interrupted" | "cancelled">;

export interface EndedAttempt {
  end: AttemptEnd;
  /** 1 for the first. */
  attempt: number;
  /** Whether somebody asked for the run to be cancelled. */
  cancelRequested: boolean;
  /** What the agent asks for instead of the policy: never again, or after so long. */
  advice: { kind: "none" } | { kind: "never" } | { kind: "after"; delayMs: number };
}

export type NextStep = { kind: "close"; status: AttemptEnd } | { kind: "retry"; delayMs: number };

/** What becomes of a run whose attempt has ended. `fraction` is a random number in [0, 1). */
export function nextStep(ended: EndedAttempt, policy: RetryPolicy, fraction: number): NextStep {
  const { end, attempt, advice } = ended;
  if (end === "completed" || end === "cancelled") return { kind: "close", status: end };
  if (ended.cancelRequested) return { kind: "close", status: "cancelled" };
  const worthAnother = policy.on.includes(end) && advice.kind !== "never";
  if (!worthAnother || attempt >= policy.maxAttempts) return { kind: "close", status: end };
  const delayMs = advice.kind === "after" ? advice.delayMs : backoffMs(policy, attempt, fraction);
  return { kind: "retry", delayMs };
}
