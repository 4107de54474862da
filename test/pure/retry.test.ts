import { expect, test } from "vitest";
import { nextStep } from "../../src/core/retry.ts";

const policy = {
  maxAttempts: 3,
  minDelayMs: 100,
  maxDelayMs: 1_000,
  factor: 2,
  on: ["failed", "interrupted"],
} as const;
const ended = { end: "failed", attempt: 1, cancelRequested: false, advice: { kind: "none" } } as const;

test.for([
  { what: "completed", change: { end: "completed" }, next: { kind: "close", status: "completed" } },
  { what: "cancelled", change: { end: "cancelled" }, next: { kind: "close", status: "cancelled" } },
  { what: "failed once", change: {}, next: { kind: "retry", delayMs: 50 } },
  { what: "failed twice", change: { attempt: 2 }, next: { kind: "retry", delayMs: 100 } },
  { what: "failed for the last time", change: { attempt: 3 }, next: { kind: "close", status: "failed" } },
  { what: "interrupted", change: { end: "interrupted" }, next: { kind: "retry", delayMs: 50 } },
  {
    what: "timed out, which is not listed",
    change: { end: "timed_out" },
    next: { kind: "close", status: "timed_out" },
  },
  { what: "failed for good", change: { advice: { kind: "never" } }, next: { kind: "close", status: "failed" } },
  {
    what: "failed, and says when",
    change: { advice: { kind: "after", delayMs: 7 } },
    next: { kind: "retry", delayMs: 7 },
  },
  {
    what: "failed while being cancelled",
    change: { cancelRequested: true },
    next: { kind: "close", status: "cancelled" },
  },
  {
    what: "interrupted while being cancelled",
    change: { end: "interrupted", cancelRequested: true },
    next: { kind: "close", status: "cancelled" },
  },
  {
    what: "completed while being cancelled",
    change: { end: "completed", cancelRequested: true },
    next: { kind: "close", status: "completed" },
  },
] as const)("an attempt that $what: $next", ({ change, next }) => {
  expect(nextStep({ ...ended, ...change }, { ...policy, on: [...policy.on] }, 0.5)).toEqual(next);
});
