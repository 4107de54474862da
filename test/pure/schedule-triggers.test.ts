import { expect, test } from "vitest";
import { ActiveHours, JobTrigger, ScheduleRequest, TriggerRequest } from "../../src/contract/job-trigger.ts";
import { complaintAboutActiveHours, isActive } from "../../src/core/schedule/active-hours.ts";
import { describeTrigger } from "../../src/core/schedule/describe-trigger.ts";
import { readTrigger } from "../../src/core/schedule/read-trigger.ts";

const STORED = { type: "cron", day_match: "both", timezone: "UTC", gap: "shift", overlap_hour: "first" };

test.for([
  ["hour and minute of weekdays", { hour: 9, minute: 0, day_of_week: "mon-fri" }, "0 9 * * mon,tue,wed,thu,fri"],
  ["an hour alone, at its beginning", { hour: 9 }, "0 9 * * *"],
  ["a minute alone, in each hour", { minute: 15 }, "15 * * * *"],
  ["a month alone, at its beginning", { month: 3 }, "0 0 1 3 *"],
  ["Monday as 0", { day_of_week: 0, hour: 8 }, "0 8 * * mon"],
  ["Monday to Friday as 0-4", { day_of_week: "0-4" }, "0 0 * * mon,tue,wed,thu,fri"],
  ["Sunday as 6", { day_of_week: "6" }, "0 0 * * sun"],
  ["the weekend", { day_of_week: "sat-sun" }, "0 0 * * sat,sun"],
  ["every second day of the week, from Monday", { day_of_week: "*/2" }, "0 0 * * mon,wed,fri,sun"],
  ["a list", { day_of_week: "mon, wed", hour: "9,17" }, "0 9,17 * * mon,wed"],
  ["steps", { minute: "*/15", hour: "9-17" }, "*/15 9-17 * * *"],
  ["seconds", { second: 30, minute: 5 }, "30 5 * * * *"],
  ["seconds alone, in each minute", { second: "*/10" }, "*/10 * * * * *"],
  ["the month's last day", { day: "last" }, "0 0 L * *"],
  ["the third Friday", { day: "3rd fri", hour: 16 }, "0 16 * * fri#3"],
  ["the last Friday", { day: "last fri" }, "0 0 * * fri#L"],
] as const)("fields in APScheduler's form mean what they mean there: %s", ([, fields, expression]) => {
  const expected = { ok: true, trigger: { ...STORED, expression } };
  expect(readTrigger(TriggerRequest.parse({ type: "cron", fields }), "UTC")).toEqual(expected);
  expect(readTrigger(TriggerRequest.parse({ type: "cron", ...fields }), "UTC")).toEqual(expected);
  expect(readTrigger(ScheduleRequest.parse({ trigger: "cron", ...fields }), "UTC")).toEqual(expected);
});

test.for([
  [
    { trigger: "cron", expression: "*/15 * * * *", timezone: "Europe/London" },
    { ...STORED, day_match: "either", expression: "*/15 * * * *", timezone: "Europe/London" },
  ],
  [
    { trigger: "cron", expression: "0 9 * * *", gap: "skip", overlap_hour: "both" },
    {
      ...STORED,
      day_match: "either",
      expression: "0 9 * * *",
      timezone: "Asia/Tokyo",
      gap: "skip",
      overlap_hour: "both",
    },
  ],
  [
    { trigger: "interval", minutes: 30 },
    { type: "interval", minutes: 30 },
  ],
  [
    { trigger: "date", run_date: "2026-12-24T18:00:00" },
    { type: "date", run_date: "2026-12-24T09:00:00.000Z", timezone: "Asia/Tokyo" },
  ],
] as const)("a schedule in the old words, %o, is stored as a trigger that reads as itself", ([sent, trigger]) => {
  expect(readTrigger(ScheduleRequest.parse(sent), "Asia/Tokyo")).toEqual({ ok: true, trigger });
  expect(JobTrigger.parse(trigger)).toEqual(trigger);
  expect(readTrigger(TriggerRequest.parse(trigger), "UTC")).toEqual({ ok: true, trigger });
});

test.for([
  ["a zone that is none", { type: "cron", expression: "* * * * *", timezone: "Mars/Olympus" }, "IANA timezone"],
  ["neither expression nor fields", { type: "cron" }, "either an expression or fields"],
  ["both", { type: "cron", expression: "* * * * *", hour: 3 }, "either an expression or fields"],
  ["a weekday that is none", { type: "cron", fields: { day_of_week: "7" } }, "Monday = 0"],
  ["weekdays that go backwards", { type: "cron", fields: { day_of_week: "fri-mon" } }, "got fri-mon"],
] as const)("a trigger is refused with its reason: %s", ([, sent, reason]) => {
  const read = readTrigger(TriggerRequest.parse(sent), "UTC");
  expect(read.ok ? null : read.complaint).toContain(reason);
});

test.for([
  { type: "interval" },
  { type: "interval", seconds: 0 },
  { type: "interval", seconds: 0.5 },
  { type: "interval", weeks: 1_000 },
  { type: "interval", seconds: Number.POSITIVE_INFINITY },
  { type: "date", run_date: "tomorrow" },
  { type: "cron", expression: "" },
  { type: "cron", expression: "* * * * *", fields: { year: 2030 } },
  { type: "sometimes" },
])("%o is no trigger", (sent) => {
  expect(TriggerRequest.safeParse(sent).success).toBe(false);
});

test.for([
  ["0 9 * * mon-fri", "At 09:00 on Monday to Friday (UTC)"],
  ["30 8,17 * * 1,0", "At 08:30 and 17:30 on Monday and Sunday (UTC)"],
  ["0 9 * * mon,tue,wed,thu,fri", "At 09:00 on Monday to Friday (UTC)"],
  ["0 9 * * mon,wed,thu,fri,sun", "At 09:00 on Monday, Wednesday to Friday and Sunday (UTC)"],
  ["0 9 * * sat,sun", "At 09:00 on Saturday and Sunday (UTC)"],
  ["0 9 * * 0,1,2", "At 09:00 on Sunday to Tuesday (UTC)"],
  ["* * * * *", "Every minute (UTC)"],
  ["*/15 * * * *", "Every 15 minutes (UTC)"],
  ["5 * * * *", "Every hour at minute 5 (UTC)"],
  ["0 0 1 * *", "At 00:00 on day 1 of the month (UTC)"],
  ["0 0 L * *", "At 00:00 on the last day of the month (UTC)"],
  ["*/7 * * * *", "By the cron expression */7 * * * * (UTC)"],
  ["0 0 13 * fri", "By the cron expression 0 0 13 * fri (UTC)"],
] as const)("%s is described as: %s", ([expression, description]) => {
  const read = readTrigger({ type: "cron", expression, gap: "shift", overlap_hour: "first" }, "UTC");
  expect(read.ok && describeTrigger(read.trigger)).toBe(description);
});

test.for([
  [{ type: "interval", hours: 1, minutes: 30 }, "Every hour and 30 minutes"],
  [{ type: "interval", days: 2, start: "2026-01-01T07:00:00.000Z" }, "Every 2 days, from 2026-01-01T07:00:00Z"],
  [{ type: "date", run_date: "2026-12-24T18:00:00.000Z", timezone: "UTC" }, "Once, at 2026-12-24T18:00:00Z"],
] as const)("%o is described as: %s", ([trigger, description]) => {
  expect(describeTrigger(trigger)).toBe(description);
});

const WORKDAYS = ["mon", "tue", "wed", "thu", "fri"];
const MARKET = { days: WORKDAYS, from: "09:30", to: "16:00", timezone: "America/New_York" };
const NIGHT = { days: WORKDAYS, from: "22:00", to: "06:00", timezone: "UTC" };

test.for([
  ["as they begin", MARKET, "2026-11-23T14:30:00Z", true],
  ["a moment before", MARKET, "2026-11-23T14:29:59Z", false],
  ["a moment before the end", MARKET, "2026-11-23T20:59:59Z", true],
  ["at the end", MARKET, "2026-11-23T21:00:00Z", false],
  ["in summer time", MARKET, "2026-07-01T13:30:00Z", true],
  ["on a Saturday", MARKET, "2026-11-28T15:00:00Z", false],
  ["on Friday's evening", NIGHT, "2026-11-27T23:00:00Z", true],
  ["on the morning after Friday's evening", NIGHT, "2026-11-28T05:59:00Z", true],
  ["on Saturday's evening", NIGHT, "2026-11-28T23:00:00Z", false],
  ["on the morning after Sunday's evening", NIGHT, "2026-11-30T05:00:00Z", false],
  ["at noon between two nights", NIGHT, "2026-11-25T12:00:00Z", false],
  ["at the end of a day that ends at 24:00", { ...NIGHT, from: "18:00", to: "24:00" }, "2026-11-25T23:59:59Z", true],
  [
    "for a whole day from its hour",
    { ...NIGHT, days: ["wed"], from: "07:00", to: "07:00" },
    "2026-11-26T06:59:00Z",
    true,
  ],
  ["before 1970", MARKET, "1969-12-31T15:00:00Z", true],
] as const)("active hours hold %s: %o at %s is %s", ([, hours, at, active]) => {
  expect(isActive(ActiveHours.parse(hours), Date.parse(at))).toBe(active);
});

test("active hours that are none are refused with their reason", () => {
  expect(complaintAboutActiveHours(ActiveHours.parse({ ...MARKET, timezone: "Nowhere" }))).toContain("IANA timezone");
  expect(complaintAboutActiveHours(ActiveHours.parse({ ...MARKET, from: "24:00" }))).toContain("before 24:00");
  expect(complaintAboutActiveHours(ActiveHours.parse(MARKET))).toBeNull();
  expect(ActiveHours.safeParse({ ...MARKET, from: "9:30" }).success).toBe(false);
  expect(ActiveHours.safeParse({ ...MARKET, to: "25:00" }).success).toBe(false);
});
