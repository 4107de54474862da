import { describe, expect, test } from "vitest";
import { agentStatus } from "../../src/core/agent-status.ts";
import { backoffMs } from "../../src/core/backoff.ts";
import { decodeCursor, encodeCursor } from "../../src/core/cursor.ts";
import { dateOfDay, dayOf } from "../../src/core/day.ts";
import { microusdToUsd, usdToMicrousd } from "../../src/core/money.ts";
import { cutBytes, cutText, jsonOf } from "../../src/executor/bounded.ts";

describe("backoff", () => {
  const backoff = { minDelayMs: 100, maxDelayMs: 1_000, factor: 2 };

  test.for([
    { failures: 1, longestMs: 100 },
    { failures: 2, longestMs: 200 },
    { failures: 4, longestMs: 800 },
    { failures: 5, longestMs: 1_000 },
    { failures: 1_000, longestMs: 1_000 },
  ])("after $failures failures waits from 0 to $longestMs ms", ({ failures, longestMs }) => {
    expect(backoffMs(backoff, failures, 0)).toBe(0);
    expect(backoffMs(backoff, failures, 0.999_999)).toBe(longestMs);
  });
});

describe("a cursor", () => {
  test.for([1, 2, 17, 999_999_999, Number.MAX_SAFE_INTEGER])("of run %i comes back as it", (id) => {
    expect(encodeCursor(id)).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(decodeCursor(encodeCursor(id))).toBe(id);
  });

  test.for([
    "",
    "x",
    "17",
    "====",
    btoa("run:0"),
    btoa("run:-1"),
    btoa("run:1.5"),
    btoa("job:1"),
    btoa("run:99999999999999999"),
  ])("that this service never made is refused: '%s'", (text) => {
    expect(decodeCursor(text)).toBeNull();
  });
});

describe("an agent's status", () => {
  test.for([
    { enabled: false, live: true, lastStatus: "running", status: "disabled" },
    { enabled: true, live: true, lastStatus: "completed", status: "running" },
    { enabled: true, live: false, lastStatus: null, status: "idle" },
    { enabled: true, live: false, lastStatus: "completed", status: "idle" },
    { enabled: true, live: false, lastStatus: "cancelled", status: "idle" },
    { enabled: true, live: false, lastStatus: "failed", status: "error" },
    { enabled: true, live: false, lastStatus: "timed_out", status: "error" },
    { enabled: true, live: false, lastStatus: "interrupted", status: "error" },
  ] as const)("enabled $enabled, live $live, last $lastStatus: $status", ({ status, ...agent }) => {
    expect(agentStatus(agent)).toBe(status);
  });
});

test("a day is the UTC day of its instants", () => {
  expect(dateOfDay(dayOf(Date.UTC(2024, 1, 29, 23, 59, 59, 999)))).toBe("2024-02-29");
  expect(dateOfDay(dayOf(Date.UTC(2024, 2, 1)))).toBe("2024-03-01");
  expect(dayOf(0)).toBe(0);
});

test("money is exact to a millionth of a dollar", () => {
  expect(usdToMicrousd(0.1 + 0.2)).toBe(300_000);
  expect(microusdToUsd(usdToMicrousd(1.000_001))).toBe(1.000_001);
  expect(usdToMicrousd(0.000_000_4)).toBe(0);
});

describe("a bounded text", () => {
  test("is the text itself up to the limit, and past it its beginning with a mark", () => {
    expect(cutText("x".repeat(20), 20)).toBe("x".repeat(20));
    expect(cutText("x".repeat(21), 20)).toBe(`${"x".repeat(12)} … [cut]`);
  });

  test("is never cut within a character", () => {
    expect(cutText("😀".repeat(20), 19).isWellFormed()).toBe(true);
    expect(cutText("\ud83d", 5)).toBe("\ufffd");
  });

  test.for([
    { text: "abc", maxBytes: 3, kept: "abc", cut: false },
    { text: "abcd", maxBytes: 3, kept: "abc", cut: true },
    { text: "aé", maxBytes: 2, kept: "a", cut: true },
    { text: "é😀", maxBytes: 5, kept: "é", cut: true },
    { text: "é😀", maxBytes: 6, kept: "é😀", cut: false },
    { text: "", maxBytes: 1, kept: "", cut: false },
  ])("of at most $maxBytes bytes of '$text' is '$kept'", ({ text, maxBytes, kept, cut }) => {
    expect(cutBytes(text, maxBytes)).toEqual({ text: kept, cut });
  });
});

test.for([
  { value: undefined, text: "null" },
  { value: null, text: "null" },
  { value: () => 1, text: "null" },
  { value: { a: undefined, b: "\ud800" }, text: '{"b":"\\ud800"}' },
])("$value as JSON is $text", ({ value, text }) => {
  expect(jsonOf(value)).toEqual({ ok: true, text });
});

test("what JSON cannot hold is said, not thrown", () => {
  expect(jsonOf({ n: 1n })).toMatchObject({ ok: false, reason: expect.stringContaining("BigInt") });
});
