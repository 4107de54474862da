import { expect, test } from "vitest";
import { TriggerRequest } from "../../src/contract/job-trigger.ts";
import { complaintAboutSchedule } from "../../src/core/schedule/complaint.ts";
import { passedSlots } from "../../src/core/schedule/passed-slots.ts";
import { readTrigger } from "../../src/core/schedule/read-trigger.ts";
import { jitterMs, nextSlot, type Schedule, slotsBetween } from "../../src/core/schedule/slots.ts";

/** A schedule of what a caller would send. */
function scheduleOf(sent: unknown, bounds: { start?: string; end?: string } = {}): Schedule {
  const read = readTrigger(TriggerRequest.parse(sent), "UTC");
  if (!read.ok) throw new Error(read.complaint);
  const instant = (text: string | undefined) => (text === undefined ? null : Date.parse(text));
  return { trigger: read.trigger, startAtMs: instant(bounds.start), endAtMs: instant(bounds.end) };
}

const MARKS = { gap_shifted: " shifted", overlap_first: " first", overlap_second: " second" };

/** The next slots after an instant, as `2026-03-08T07:30Z shifted`. */
function slots(schedule: Schedule, after: string, count: number): string[] {
  return slotsBetween(schedule, { afterMs: Date.parse(after), untilMs: Number.MAX_SAFE_INTEGER, limit: count }).map(
    ({ nominalAtMs, mark }) =>
      new Date(nominalAtMs).toISOString().replace(/(?::00)?\.000Z$/, "Z") + (mark === null ? "" : MARKS[mark]),
  );
}

const cron = (expression: string, timezone = "UTC", policy = {}) => ({ type: "cron", expression, timezone, ...policy });

test.for([
  ["each minute", cron("* * * * *"), "2026-01-01T00:00:30Z", ["2026-01-01T00:01Z", "2026-01-01T00:02Z"]],
  ["strictly after a slot", cron("0 9 * * *"), "2026-01-01T09:00:00Z", ["2026-01-02T09:00Z"]],
  ["a millisecond before it", cron("0 9 * * *"), "2026-01-01T08:59:59.999Z", ["2026-01-01T09:00Z"]],
  ["with seconds", cron("*/20 * * * * *"), "2026-01-01T00:00:05Z", ["2026-01-01T00:00:20Z", "2026-01-01T00:00:40Z"]],
  ["over the year's end", cron("30 23 31 12 *"), "2026-12-31T23:30:00Z", ["2027-12-31T23:30Z"]],
  ["on the leap day only", cron("0 0 29 2 *"), "2026-01-01T00:00:00Z", ["2028-02-29T00:00Z", "2032-02-29T00:00Z"]],
  ["in months of 31 days", cron("0 0 31 * *"), "2026-01-31T00:00:00Z", ["2026-03-31T00:00Z", "2026-05-31T00:00Z"]],
  ["on a month's last day", cron("0 0 L * *"), "2028-02-01T00:00:00Z", ["2028-02-29T00:00Z", "2028-03-31T00:00Z"]],
  ["Sunday as 0", cron("0 0 * * 0"), "2026-01-01T00:00:00Z", ["2026-01-04T00:00Z"]],
  ["Sunday as 7", cron("0 0 * * 7"), "2026-01-01T00:00:00Z", ["2026-01-04T00:00Z"]],
  ["either kind of day, as crontab", cron("0 0 13 * fri"), "2026-02-01T00:00:00Z", ["2026-02-06T00:00Z"]],
  ["both kinds", cron("0 0 13 * fri", "UTC", { day_match: "both" }), "2026-02-14T00:00:00Z", ["2026-03-13T00:00Z"]],
  ["a nickname", cron("@daily"), "2026-01-01T00:00:00Z", ["2026-01-02T00:00Z"]],
  ["a zone's morning", cron("0 9 * * mon-fri", "America/New_York"), "2026-01-02T15:00:00Z", ["2026-01-05T14:00Z"]],
  ["a zone of three quarters", cron("0 6 * * *", "Asia/Kathmandu"), "2026-06-01T00:00:00Z", ["2026-06-01T00:15Z"]],
] as const)("a cron trigger fires %s", ([, trigger, after, expected]) => {
  expect(slots(scheduleOf(trigger), after, expected.length)).toEqual(expected);
});

const NEW_YORK = "America/New_York";
const LORD_HOWE = "Australia/Lord_Howe";
const BOTH = { overlap_hour: "both" };
const SKIP = { gap: "skip" };

test.for([
  // New York 2026: 02:00 becomes 03:00 on March 8 (07:00Z), 02:00 becomes 01:00 on November 1 (06:00Z).
  [
    "a gap is shifted",
    cron("30 2 * * *", NEW_YORK),
    "2026-03-07T12:00Z",
    ["2026-03-08T07:30Z shifted", "2026-03-09T06:30Z"],
  ],
  ["a gap is skipped", cron("30 2 * * *", NEW_YORK, SKIP), "2026-03-07T12:00Z", ["2026-03-09T06:30Z"]],
  ["asked inside the shift", cron("30 2 * * *", NEW_YORK), "2026-03-08T07:15Z", ["2026-03-08T07:30Z shifted"]],
  ["asked after the shift", cron("30 2 * * *", NEW_YORK), "2026-03-08T07:30Z", ["2026-03-09T06:30Z"]],
  [
    "shifted onto another, it is one",
    cron("0 2,3 * * *", NEW_YORK),
    "2026-03-08T05:00Z",
    ["2026-03-08T07:00Z", "2026-03-09T06:00Z"],
  ],
  [
    "several in the gap",
    cron("*/30 2 * * *", NEW_YORK),
    "2026-03-08T06:00Z",
    ["2026-03-08T07:00Z shifted", "2026-03-08T07:30Z shifted", "2026-03-09T06:00Z"],
  ],
  [
    "an overlap fires first",
    cron("30 1 * * *", NEW_YORK),
    "2026-11-01T00:00Z",
    ["2026-11-01T05:30Z first", "2026-11-02T06:30Z"],
  ],
  ["asked between the two", cron("30 1 * * *", NEW_YORK), "2026-11-01T06:10Z", ["2026-11-02T06:30Z"]],
  [
    "an overlap fires twice",
    cron("30 1 * * *", NEW_YORK, BOTH),
    "2026-11-01T00:00Z",
    ["2026-11-01T05:30Z first", "2026-11-01T06:30Z second", "2026-11-02T06:30Z"],
  ],
  [
    "every hour goes by elapsed time over an overlap",
    cron("*/30 * * * *", NEW_YORK),
    "2026-11-01T05:00Z",
    ["2026-11-01T05:30Z first", "2026-11-01T06:00Z second", "2026-11-01T06:30Z second", "2026-11-01T07:00Z"],
  ],
  [
    "every hour goes by elapsed time over a gap",
    cron("*/30 * * * *", NEW_YORK),
    "2026-03-08T06:00Z",
    ["2026-03-08T06:30Z", "2026-03-08T07:00Z", "2026-03-08T07:30Z"],
  ],
  // London 2026: 01:00Z on March 29 and on October 25.
  [
    "London, gap",
    cron("15 1 * * *", "Europe/London"),
    "2026-03-28T12:00Z",
    ["2026-03-29T01:15Z shifted", "2026-03-30T00:15Z"],
  ],
  [
    "London, overlap",
    cron("15 1 * * *", "Europe/London"),
    "2026-10-24T12:00Z",
    ["2026-10-25T00:15Z first", "2026-10-26T01:15Z"],
  ],
  // Lord Howe 2026 moves by half an hour: 02:00 becomes 01:30 on April 5, 02:00 becomes 02:30 on October 4 (15:00Z, 15:30Z).
  [
    "Lord Howe, gap",
    cron("15 2 * * *", LORD_HOWE),
    "2026-10-03T00:00Z",
    ["2026-10-03T15:45Z shifted", "2026-10-04T15:15Z"],
  ],
  [
    "Lord Howe, overlap",
    cron("45 1 * * *", LORD_HOWE, BOTH),
    "2026-04-04T00:00Z",
    ["2026-04-04T14:45Z first", "2026-04-04T15:15Z second", "2026-04-05T15:15Z"],
  ],
  [
    "Lord Howe, just before the overlap",
    cron("15 1 * * *", LORD_HOWE, BOTH),
    "2026-04-04T00:00Z",
    ["2026-04-04T14:15Z", "2026-04-05T14:45Z"],
  ],
  [
    "Kathmandu has none",
    cron("30 2 * * *", "Asia/Kathmandu"),
    "2026-03-07T12:00Z",
    ["2026-03-07T20:45Z", "2026-03-08T20:45Z"],
  ],
  // Apia went from December 29 to December 31, 2011, at 10:00Z.
  [
    "Apia's day that never was, daily",
    cron("0 9 * * *", "Pacific/Apia"),
    "2011-12-29T00:00Z",
    ["2011-12-29T19:00Z", "2011-12-30T19:00Z", "2011-12-31T19:00Z"],
  ],
  [
    "Apia's day that never was, by date",
    cron("0 9 30 12 *", "Pacific/Apia"),
    "2011-12-01T00:00Z",
    ["2011-12-30T19:00Z shifted", "2012-12-29T19:00Z"],
  ],
  [
    "Apia's day that never was, skipped",
    cron("0 9 30 12 *", "Pacific/Apia", SKIP),
    "2011-12-01T00:00Z",
    ["2012-12-29T19:00Z"],
  ],
] as const)("daylight saving: %s", ([, trigger, after, expected]) => {
  expect(slots(scheduleOf(trigger), after, expected.length)).toEqual(expected);
});

test.for([
  ["aligned to the epoch", { minutes: 30 }, "2026-01-01T00:10Z", ["2026-01-01T00:30Z", "2026-01-01T01:00Z"]],
  ["units added up", { hours: 1, minutes: 30 }, "2026-01-01T00:00Z", ["2026-01-01T01:30Z", "2026-01-01T03:00Z"]],
  [
    "at its start first",
    { days: 1, start: "2026-05-01T07:00:00Z" },
    "2026-01-01T00:00Z",
    ["2026-05-01T07:00Z", "2026-05-02T07:00Z"],
  ],
  [
    "without drifting",
    { seconds: 7, start: "2026-01-01T00:00:00Z" },
    "2026-01-01T00:00:07.001Z",
    ["2026-01-01T00:00:14Z"],
  ],
  ["strictly after its slot", { minutes: 30 }, "2026-01-01T00:30Z", ["2026-01-01T01:00Z"]],
  [
    "from a start on the wall",
    { days: 1, start: "2026-05-01T07:00:00", timezone: "Asia/Tokyo" },
    "2026-01-01T00:00Z",
    ["2026-04-30T22:00Z"],
  ],
] as const)("an interval fires %s", ([, units, after, expected]) => {
  expect(slots(scheduleOf({ type: "interval", ...units }), after, expected.length)).toEqual(expected);
});

test.for([
  ["an instant", { run_date: "2026-12-24T18:00:00Z" }, "2026-12-24T18:00Z"],
  ["an instant with an offset", { run_date: "2026-12-24T18:00:00+01:00" }, "2026-12-24T17:00Z"],
  ["a time on the wall", { run_date: "2026-12-24T18:00:00", timezone: NEW_YORK }, "2026-12-24T23:00Z"],
  ["a time jumped over", { run_date: "2026-03-08T02:30:00", timezone: NEW_YORK }, "2026-03-08T07:30Z"],
  ["the first of two", { run_date: "2026-11-01T01:30:00", timezone: NEW_YORK }, "2026-11-01T05:30Z"],
  [
    "a time on a day that never was",
    { run_date: "2011-12-30T09:00:00", timezone: "Pacific/Apia" },
    "2011-12-30T19:00Z",
  ],
] as const)("a date trigger fires once, at %s", ([, date, expected]) => {
  const schedule = scheduleOf({ type: "date", ...date });
  expect(slots(schedule, "2001-01-01T00:00Z", 2)).toEqual([expected]);
  expect(slots(schedule, expected, 2)).toEqual([]);
});

test("a schedule's bounds are inclusive", () => {
  const hourly = scheduleOf(cron("0 * * * *"), { start: "2026-01-01T05:00Z", end: "2026-01-01T06:00Z" });
  expect(slots(hourly, "2025-01-01T00:00Z", 9)).toEqual(["2026-01-01T05:00Z", "2026-01-01T06:00Z"]);
});

test("slots between two instants leave out the first, include the last, and stop at the limit", () => {
  const hourly = scheduleOf(cron("0 * * * *"));
  const range = { afterMs: Date.parse("2026-01-01T00:00Z"), untilMs: Date.parse("2026-01-01T03:00Z") };
  expect(slotsBetween(hourly, { ...range, limit: 10 })).toHaveLength(3);
  expect(slotsBetween(hourly, { ...range, limit: 2 })).toHaveLength(2);
});

test("a clock that goes backwards is given no slot again, asked from the last one", () => {
  const schedule = scheduleOf(cron("*/5 * * * *"));
  const last = Date.parse("2026-01-01T00:05Z");
  const clockMs = Date.parse("2026-01-01T00:04:59.990Z");
  expect(nextSlot(schedule, Math.max(clockMs, last))?.nominalAtMs).toBe(Date.parse("2026-01-01T00:10Z"));
});

test("jitter is the same whoever asks, never negative, never above its bound, and spreads", () => {
  const delays = Array.from({ length: 2_000 }, (_, index) => jitterMs("report", index * 60_000, 30_000));
  expect(delays).toEqual(Array.from({ length: 2_000 }, (_, index) => jitterMs("report", index * 60_000, 30_000)));
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...delays)).toBeLessThanOrEqual(30_000);
  for (let tenth = 0; tenth < 10; tenth++) {
    const share = delays.filter((delay) => Math.floor(delay / 3_000.1) === tenth).length / delays.length;
    expect(share).toBeGreaterThan(0.06);
    expect(share).toBeLessThan(0.14);
  }
  expect(jitterMs("report", 0, 0)).toBe(0);
});

const NOW = Date.parse("2026-06-01T00:00Z");

test.for([
  ["a day that never comes", cron("0 0 30 2 *"), {}, "never fire"],
  ["an event, not a time", cron("@reboot"), {}, "@reboot is not supported"],
  ["a word", cron("often"), {}, "no cron expression"],
  ["a year", cron("0 0 0 1 1 * 2030"), {}, "no cron expression"],
  ["a minute that is none", cron("60 * * * *"), {}, "minute: 60"],
  ["a date gone by", { type: "date", run_date: "2026-05-31T23:59:59Z" }, {}, "has passed"],
  ["an end before the first slot", cron("0 0 1 1 *"), { end: "2026-12-31T00:00Z" }, "end before it fires"],
  [
    "an end before the start",
    cron("* * * * *"),
    { start: "2027-01-02T00:00Z", end: "2027-01-01T00:00Z" },
    "before it starts",
  ],
  [
    "a month's end that is too far",
    { ...cron("0 0 29 2 mon"), day_match: "both" },
    { start: "2150-01-01T00:00Z" },
    "100 years",
  ],
] as const)("a schedule that can never fire is refused with its reason: %s", ([, trigger, bounds, reason]) => {
  expect(complaintAboutSchedule(scheduleOf(trigger, bounds), NOW)).toContain(reason);
});

test("a schedule that can fire is not complained of", () => {
  for (const trigger of [
    cron("0 0 29 2 *"),
    { type: "interval", weeks: 2 },
    { type: "date", run_date: "2026-06-02T00:00:00Z" },
  ]) {
    expect(complaintAboutSchedule(scheduleOf(trigger), NOW)).toBeNull();
  }
});

test.for([
  ["none", cron("0 9 * * *"), "2026-01-01T09:00:01Z", "2026-01-02T08:59:59Z", null],
  ["both bounds", cron("0 9 * * *"), "2026-01-01T09:00:00Z", "2026-01-03T09:00:00Z", ["2026-01-03T09:00Z", 2]],
  [
    "fewer than are counted",
    cron("* * * * *"),
    "2026-01-01T00:00:30Z",
    "2026-01-02T00:00:30Z",
    ["2026-01-02T00:00Z", 1_439],
  ],
  [
    "as many as are counted",
    cron("* * * * *"),
    "2026-01-01T00:00:00Z",
    "2026-01-04T11:20:59Z",
    ["2026-01-04T11:20Z", 5_000],
  ],
  [
    "more, the last by halving",
    cron("* * 9 * * *"),
    "2024-02-29T00:00:00Z",
    "2026-07-01T20:00:00Z",
    ["2026-07-01T09:59:59Z", 5_000],
  ],
  [
    "more, over a change of the clock",
    cron("*/5 * * * *", "America/New_York"),
    "2026-01-01T00:00:00Z",
    "2026-03-08T07:03:00Z",
    ["2026-03-08T07:00Z", 5_000],
  ],
] as const)("passed slots: %s", ([, trigger, from, until, expected]) => {
  const passed = passedSlots(scheduleOf(trigger), { fromMs: Date.parse(from), untilMs: Date.parse(until) });
  if (expected === null) return expect(passed).toBeNull();
  const [last, earlier] = expected;
  expect(passed).toEqual({ lastAtMs: Date.parse(last), earlier });
});
