import fc from "fast-check";
import { expect, test } from "vitest";
import { countRequest, RATE_WINDOW_S, type RateWindow } from "../../src/core/rate-limit.ts";

const WINDOW_MS = RATE_WINDOW_S * 1_000;

test("a window begins with its first request, lasts a minute, and lets through no more than its limit", () => {
  const first = countRequest(null, 2, 5_000);
  expect(first).toEqual({ window: { startedAtMs: 5_000, used: 1 }, allowed: true, remaining: 1, resetS: 60 });
  const second = countRequest(first.window, 2, 34_500);
  expect(second).toMatchObject({ allowed: true, remaining: 0, resetS: 31 });
  const third = countRequest(second.window, 2, 64_999);
  expect(third).toEqual({ window: second.window, allowed: false, remaining: 0, resetS: 1 });
  expect(countRequest(second.window, 2, 65_000)).toMatchObject({ allowed: true, remaining: 1, resetS: 60 });
});

test("whatever is asked and when, a window has no more requests than the limit and no whole limit goes unused", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 5 }),
      (waits, limit) => {
        let [window, atMs]: [RateWindow | null, number] = [null, 0];
        const allowed = new Map<number, number>();
        for (const waitMs of waits) {
          atMs += waitMs;
          const counted = countRequest(window, limit, atMs);
          window = counted.window;
          expect(atMs - window.startedAtMs).toBeLessThan(WINDOW_MS);
          expect(counted.allowed || window.used === limit).toBe(true);
          if (counted.allowed) allowed.set(window.startedAtMs, (allowed.get(window.startedAtMs) ?? 0) + 1);
        }
        for (const count of allowed.values()) expect(count).toBeLessThanOrEqual(limit);
      },
    ),
  );
});

test("a clock that goes back gives nobody a second limit", () => {
  const { window } = countRequest(null, 1, 100_000);
  expect(countRequest(window, 1, 90_000).allowed).toBe(false);
});
