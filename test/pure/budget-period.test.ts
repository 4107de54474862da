import { expect, test } from "vitest";
import { type BudgetPeriod, periodAt } from "../../src/core/budget-period.ts";
import { describeExceeded, exceeded, reservationFor } from "../../src/core/reserve.ts";

const HOUR_MS = 3_600_000;
const span = (at: string, period: BudgetPeriod, timezone: string) => {
  const { startsAtMs, endsAtMs } = periodAt(Date.parse(at), period, timezone);
  return [new Date(startsAtMs).toISOString(), new Date(endsAtMs).toISOString()].map((text) => text.slice(0, 16));
};

test.for([
  { what: "UTC", at: "2026-11-25T12:00Z", zone: "UTC", day: ["2026-11-25T00:00", "2026-11-26T00:00"] },
  { what: "the first instant", at: "2026-11-25T00:00Z", zone: "UTC", day: ["2026-11-25T00:00", "2026-11-26T00:00"] },
  {
    what: "the last millisecond",
    at: "2026-11-25T23:59:59.999Z",
    zone: "UTC",
    day: ["2026-11-25T00:00", "2026-11-26T00:00"],
  },
  {
    what: "23 hours, clocks forward",
    at: "2026-03-29T12:00Z",
    zone: "Europe/Berlin",
    day: ["2026-03-28T23:00", "2026-03-29T22:00"],
  },
  {
    what: "25 hours, clocks back",
    at: "2026-10-25T12:00Z",
    zone: "Europe/Berlin",
    day: ["2026-10-24T22:00", "2026-10-25T23:00"],
  },
  {
    what: "clocks forward at midnight: begins at one o'clock",
    at: "2026-04-24T12:00Z",
    zone: "Africa/Cairo",
    day: ["2026-04-23T22:00", "2026-04-24T21:00"],
  },
  {
    what: "clocks back at midnight: the hour before is had twice",
    at: "2026-10-29T12:00Z",
    zone: "Africa/Cairo",
    day: ["2026-10-28T21:00", "2026-10-29T22:00"],
  },
  {
    what: "far east",
    at: "2026-12-31T09:59Z",
    zone: "Pacific/Kiritimati",
    day: ["2026-12-30T10:00", "2026-12-31T10:00"],
  },
  {
    what: "far west",
    at: "2027-01-01T10:59Z",
    zone: "Pacific/Pago_Pago",
    day: ["2026-12-31T11:00", "2027-01-01T11:00"],
  },
  {
    what: "half an hour",
    at: "2026-06-01T00:00Z",
    zone: "Asia/Kolkata",
    day: ["2026-05-31T18:30", "2026-06-01T18:30"],
  },
])("a budget's day: $what, $zone", ({ at, zone, day }) => {
  expect(span(at, "day", zone)).toEqual(day);
});

test.for([
  { at: "2027-02-28T23:30Z", zone: "UTC", month: ["2027-02-01T00:00", "2027-03-01T00:00"] },
  { at: "2028-02-29T12:00Z", zone: "UTC", month: ["2028-02-01T00:00", "2028-03-01T00:00"] },
  { at: "2026-12-31T23:30Z", zone: "Europe/Berlin", month: ["2026-12-31T23:00", "2027-01-31T23:00"] },
  { at: "2026-03-15T12:00Z", zone: "Europe/Berlin", month: ["2026-02-28T23:00", "2026-03-31T22:00"] },
  { at: "2026-11-15T12:00Z", zone: "America/New_York", month: ["2026-11-01T04:00", "2026-12-01T05:00"] },
])("a budget's month at $at, $zone", ({ at, zone, month }) => {
  expect(span(at, "month", zone)).toEqual(month);
});

test.for(["Europe/London", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Beirut"])(
  "the days of three years in %s follow one another without a gap, and every hour is in its own",
  (zone) => {
    const format = new Intl.DateTimeFormat("en-CA", { timeZone: zone });
    let at = Date.UTC(2025, 0, 1, 12);
    let last = periodAt(at, "day", zone);
    let days = 0;
    for (; at < Date.UTC(2028, 0, 1); at += HOUR_MS) {
      const day = periodAt(at, "day", zone);
      expect(day.startsAtMs <= at && at < day.endsAtMs).toBe(true);
      if (day.startsAtMs === last.startsAtMs) continue;
      expect(day.startsAtMs).toBe(last.endsAtMs);
      expect(format.format(day.startsAtMs)).not.toBe(format.format(day.startsAtMs - 1));
      last = day;
      days++;
    }
    expect(days).toBeGreaterThan(1_090);
  },
);

const DEFAULTS = { timezone: "UTC", runReserveMicrousd: 10_000 };
const AT_MS = Date.UTC(2026, 10, 25, 12);

test("where no budget is set, nothing is reserved", () => {
  expect(reservationFor({ agentName: "a", budget: { max_run_usd: 1 }, shared: {} }, AT_MS, DEFAULTS)).toBeNull();
});

test("a run reserves what its agent says that one costs at most, of its own limits and of those for all", () => {
  const budget = { daily_usd: 2, max_run_usd: 0.25, warn_share: 0.5, timezone: "Asia/Tokyo" };
  const reserved = reservationFor({ agentName: "a", budget, shared: { monthly_usd: 10 } }, AT_MS, DEFAULTS);
  expect(reserved).toEqual({
    microusd: 250_000,
    periods: [
      {
        scope: "a",
        period: "day",
        startsAtMs: Date.UTC(2026, 10, 24, 15),
        endsAtMs: Date.UTC(2026, 10, 25, 15),
        limitMicrousd: 2_000_000,
        warnAtMicrousd: 1_000_000,
      },
      {
        scope: "*",
        period: "month",
        startsAtMs: Date.UTC(2026, 10, 1),
        endsAtMs: Date.UTC(2026, 11, 1),
        limitMicrousd: 10_000_000,
        warnAtMicrousd: 8_000_000,
      },
    ],
  });
});

test("a budget has room up to its last millionth of a dollar, and none for one more", () => {
  const [period] =
    reservationFor({ agentName: "a", budget: { daily_usd: 1 }, shared: {} }, AT_MS, DEFAULTS)?.periods ?? [];
  if (period === undefined) throw new Error("a daily limit is one period");
  expect(exceeded([{ ...period, takenMicrousd: 990_000 }], 10_000)).toBeNull();
  const full = exceeded([{ ...period, takenMicrousd: 990_001 }], 10_000);
  expect(full).toMatchObject({ scope: "a", period: "day" });
  expect(full && describeExceeded(full, 10_000)).toBe(
    'The budget of agent "a", $1 a day, has $0.009999 left until 2026-11-26T00:00:00.000Z, and a run may cost $0.01.',
  );
});
