import { describe, expect, test } from "vitest";
import { MAX_LOG_BYTES, MAX_LOG_EVENTS } from "../../src/contract/limits.ts";
import { createAttemptLog } from "../../src/executor/attempt-log.ts";

const numbers = (log: ReturnType<typeof createAttemptLog>) => log.unsent().map(({ n }) => n);

describe("the log of an attempt", () => {
  test("keeps what was said while the lines before were on their way", () => {
    const log = createAttemptLog(() => 0);
    log.log("one");
    const sent = log.unsent();
    log.log("two");
    log.markSent(sent);
    expect(numbers(log)).toEqual([2]);
  });

  test("keeps everything until it is known to be stored", () => {
    const log = createAttemptLog(() => 0);
    log.log("one");
    log.markSent([]);
    log.log("two");
    expect(numbers(log)).toEqual([1, 2]);
  });

  test("takes nothing after its close, and so drops nothing either", () => {
    const log = createAttemptLog(() => 0);
    log.close();
    log.log("too late");
    expect(log.unsent()).toEqual([]);
  });

  test.for([
    { what: "lines", text: "x", kept: MAX_LOG_EVENTS },
    { what: "bytes", text: "x".repeat(900), kept: Math.floor(MAX_LOG_BYTES / 914) },
  ])("past its limit of $what says once, at its close, how many it dropped", ({ text, kept }) => {
    const log = createAttemptLog(() => 7);
    for (let line = 0; line < kept + 30; line++) log.log(text);
    expect(log.unsent()).toHaveLength(kept);
    log.close();
    expect(log.unsent().at(-1)).toEqual({ n: kept + 1, atMs: 7, type: "log_dropped", dataJson: '{"count":30}' });
  });

  test("tells of each line that it keeps, and of none that it drops", () => {
    const log = createAttemptLog(() => 0);
    let told = 0;
    log.listen(() => told++);
    for (let line = 0; line < MAX_LOG_EVENTS + 5; line++) log.log("x");
    expect(told).toBe(MAX_LOG_EVENTS);
  });
});
