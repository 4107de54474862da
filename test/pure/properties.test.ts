import fc from "fast-check";
import { expect, test } from "vitest";
import { type AdmissionLimits, admit, type Load } from "../../src/core/admission.ts";
import { backoffMs } from "../../src/core/backoff.ts";
import { decodeCursor, encodeCursor } from "../../src/core/cursor.ts";
import { type AttemptEnd, nextStep } from "../../src/core/retry.ts";

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const count = fc.nat({ max: 1_000 });

const backoff = fc.record({
  minDelayMs: fc.nat({ max: 86_400_000 }),
  maxDelayMs: fc.nat({ max: 86_400_000 }),
  factor: fc.double({ min: 1, max: 10, noNaN: true }),
});

test("a backoff is a whole number from 0 to its longest, whatever the policy, the failures and the dice", () => {
  fc.assert(
    fc.property(backoff, fc.integer({ min: 1, max: 1_000 }), fraction, (policy, failures, dice) => {
      const delayMs = backoffMs(policy, failures, dice);
      expect(Number.isInteger(delayMs)).toBe(true);
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(delayMs).toBeLessThanOrEqual(policy.maxDelayMs);
    }),
  );
});

test("with the same dice no later failure waits for less", () => {
  fc.assert(
    fc.property(backoff, fc.integer({ min: 1, max: 100 }), fraction, (policy, failures, dice) => {
      expect(backoffMs(policy, failures + 1, dice)).toBeGreaterThanOrEqual(backoffMs(policy, failures, dice));
    }),
  );
});

test("every id comes back from its cursor, and no two ids share one", () => {
  const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(id, id, (one, other) => {
      expect(decodeCursor(encodeCursor(one))).toBe(one);
      expect(encodeCursor(one) === encodeCursor(other)).toBe(one === other);
    }),
  );
});

test("a text is a cursor only if it is the one that this service makes of that id", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String(), fc.nat().map(encodeCursor)), (text) => {
      const id = decodeCursor(text);
      if (id !== null) expect(encodeCursor(id)).toBe(text);
    }),
  );
});

const load: fc.Arbitrary<Load> = fc.record({ running: count, queued: count, due: count, pendingWrites: count });
const limits: fc.Arbitrary<AdmissionLimits> = fc.record({
  concurrency: fc.integer({ min: 1, max: 1_000 }),
  whenFull: fc.constantFrom("queue", "reject", "cancel_oldest"),
  maxQueued: count,
  maxPendingWrites: fc.integer({ min: 1, max: 1_000 }),
  retryAfterS: fc.constant(5),
});
const mode = fc.constantFrom("execute", "queue");

test("no run starts past the limit, nor before one that is due already", () => {
  fc.assert(
    fc.property(load, limits, mode, (held, allowed, wanted) => {
      if (admit(held, allowed, wanted).kind !== "start") return;
      expect(wanted).toBe("execute");
      expect(held.running + held.due).toBeLessThan(allowed.concurrency);
    }),
  );
});

test("no run waits past the queue's limit, and none is refused where there is a place for it", () => {
  fc.assert(
    fc.property(load, limits, mode, (held, allowed, wanted) => {
      const admission = admit(held, allowed, wanted);
      const room = held.queued < allowed.maxQueued;
      if (admission.kind === "queue" || admission.kind === "displace") expect(room).toBe(true);
      if (admission.kind !== "refuse") return;
      expect(admission.problem.retryAfterS).toBe(5);
      const full = held.running >= allowed.concurrency;
      expect(!room || held.pendingWrites >= allowed.maxPendingWrites || (full && allowed.whenFull === "reject")).toBe(
        true,
      );
    }),
  );
});

test("no run is attempted more often than its policy says, and none that was cancelled again", () => {
  const ends: AttemptEnd[] = ["completed", "failed", "timed_out", "interrupted", "cancelled"];
  const policy = fc.record({
    maxAttempts: fc.integer({ min: 1, max: 20 }),
    minDelayMs: count,
    maxDelayMs: count,
    factor: fc.constantFrom(1, 2),
    on: fc.subarray(["failed", "timed_out", "interrupted"] as const),
  });
  const ended = fc.record({
    end: fc.constantFrom(...ends),
    attempt: fc.integer({ min: 1, max: 40 }),
    cancelRequested: fc.boolean(),
    advice: fc.constantFrom(
      { kind: "none" } as const,
      { kind: "never" } as const,
      { kind: "after", delayMs: 7 } as const,
    ),
  });
  fc.assert(
    fc.property(ended, policy, fraction, (attempt, allowed, dice) => {
      const step = nextStep(attempt, allowed, dice);
      if (step.kind === "close") return;
      expect(attempt.attempt).toBeLessThan(allowed.maxAttempts);
      expect(allowed.on).toContain(attempt.end);
      expect(attempt.cancelRequested).toBe(false);
      expect(attempt.advice.kind).not.toBe("never");
    }),
  );
});
