import { MAX_WEBHOOK_ATTEMPTS, MAX_WEBHOOK_RETRY_AFTER_MS } from "../contract/limits.ts";
import { backoffMs } from "./backoff.ts";

/** Half of a wait; the other half is chance. Eight tries take from 15 to 30 hours, whatever the dice say. */
const HALF_WAIT = { minDelayMs: 30_000, maxDelayMs: 6 * 60 * 60_000, factor: 4 };

/** The wait after each try before another may follow. `fraction` gives random numbers in [0, 1). */
export function webhookDelaysMs(fraction: () => number): number[] {
  return Array.from({ length: MAX_WEBHOOK_ATTEMPTS }, (_, index) => {
    const failures = index + 1;
    return backoffMs(HALF_WAIT, failures, 1) + backoffMs(HALF_WAIT, failures, fraction());
  });
}

/** What came of a try. */
export interface TryAnswer {
  /** Of HTTP; null where there was no answer. */
  status: number | null;
  error: string | null;
  /** What the receiver asks for (RFC 9110, section 10.2.3), from the answer on. */
  retryAfterMs: number | null;
  /** Whether trying again is of no use. */
  final: boolean;
}

export type AfterTry = { status: "delivered" | "failed" } | { status: "pending"; nextAttemptAtMs: number };

/**
 * What becomes of a delivery, by Standard Webhooks 1.0.0, "Delivery success and failure": 2xx is success, 410 the end,
 * all else is tried again. A Retry-After puts the next try off, and never forward: a receiver that always asks for a
 * second would use up its tries in one outage.
 */
export function afterTry(
  answer: TryAnswer,
  tried: { attempts: number; nextAttemptAtMs: number; atMs: number },
): AfterTry {
  if (answer.error === null) return { status: "delivered" };
  if (answer.final || tried.attempts >= MAX_WEBHOOK_ATTEMPTS) return { status: "failed" };
  const askedForMs = tried.atMs + Math.min(answer.retryAfterMs ?? 0, MAX_WEBHOOK_RETRY_AFTER_MS);
  return { status: "pending", nextAttemptAtMs: Math.max(tried.nextAttemptAtMs, askedForMs) };
}

/** A Retry-After header in milliseconds from `atMs` on: a number of seconds or a date; null if it is neither. */
export function readRetryAfter(header: string | null, atMs: number): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1_000;
  const untilMs = Date.parse(header);
  return Number.isNaN(untilMs) ? null : Math.max(0, untilMs - atMs);
}
