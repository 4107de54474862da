import * as z from "zod";
import { Reservation } from "./budget.ts";
import { DEFAULT_QUEUE_TTL_MS, MAX_ATTEMPTS, MAX_QUEUE_TTL_MS, MAX_RETRY_DELAY_MS, MAX_TIMEOUT_MS } from "./limits.ts";

/** Ends of an attempt that another attempt may follow. */
export const RETRYABLE_ENDS = ["failed", "timed_out", "interrupted"] as const;

/** How ended attempts are repeated: with full jitter over a wait that grows from `minDelayMs` by `factor`. */
export const RetryPolicy = z.strictObject({
  /** 1: never again. */
  maxAttempts: z.int().min(1).max(MAX_ATTEMPTS).default(1),
  minDelayMs: z.int().min(0).max(MAX_RETRY_DELAY_MS).default(1_000),
  maxDelayMs: z.int().min(0).max(MAX_RETRY_DELAY_MS).default(60_000),
  factor: z.number().min(1).max(10).default(2),
  on: z.array(z.enum(RETRYABLE_ENDS)).default([...RETRYABLE_ENDS]),
});
export type RetryPolicy = z.output<typeof RetryPolicy>;

/** What a run was accepted under, kept in its row: what becomes of it needs nobody who knows its agent. */
export const RunPolicy = z.object({
  concurrency: z.int().min(1).default(1),
  timeoutMs: z.int().min(1).default(MAX_TIMEOUT_MS),
  queueTtlMs: z.int().min(1).max(MAX_QUEUE_TTL_MS).default(DEFAULT_QUEUE_TTL_MS),
  retry: RetryPolicy.default(RetryPolicy.parse({})),
  /** The service's own origin, as the caller reached it. */
  serviceOrigin: z.string().default(""),
  /** Whose run it is, if a job's schedule asked for it: as the job was called then. */
  job: z.object({ id: z.string(), name: z.string() }).nullable().default(null),
  /** Where the run's end is to be told. */
  webhookUrl: z.string().nullable().default(null),
  /** Of the budgets that were in force. */
  reservation: Reservation.nullable().default(null),
});
export type RunPolicy = z.output<typeof RunPolicy>;
