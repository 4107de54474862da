/**
 * The schedule arithmetic against two others.
 *
 * The first is ours and naive (every-minute.ts): it looks at each minute of some days, asks Intl what the wall shows,
 * and applies the stated policy to what it saw. It shares no code with the service, and agrees in every case.
 *
 * The second is cron-parser 5, over years, in UTC: what it makes of daylight saving is another policy (a time that is
 * jumped over is moved too, but one that is shown twice fires again if it is asked between the two). In UTC it agrees
 * in every case that it takes; a list that names a number twice, such as `1-5,3`, it refuses, and we do not.
 */
import { type CronExpression, CronExpressionParser } from "cron-parser";
import fc from "fast-check";
import { expect, test } from "vitest";
import { nextSlot, type Schedule, slotsBetween } from "../../src/core/schedule/slots.ts";
import { type Fields, type Policy, type Stretch, slotsByLooking, stretchOf } from "../every-minute.ts";

const seed = Number(process.env.SCHEDULE_SEED ?? Date.now() % 2 ** 31);
console.info(`SCHEDULE_SEED=${seed}`);

const DAY_MS = 86_400_000;

/** Five days each, around what is hard. */
const STRETCHES: Stretch[] = [
  ["America/New_York", "2026-03-06"],
  ["America/New_York", "2026-10-30"],
  ["America/New_York", "2027-12-29"],
  ["Europe/London", "2026-03-27"],
  ["Europe/London", "2026-10-23"],
  ["Europe/London", "2028-02-26"],
  ["Australia/Lord_Howe", "2026-04-03"],
  ["Australia/Lord_Howe", "2026-10-02"],
  ["Asia/Kathmandu", "2026-02-26"],
  ["Asia/Kathmandu", "1985-12-30"],
  ["Pacific/Apia", "2011-12-28"],
  ["Pacific/Apia", "2011-04-01"],
  ["Pacific/Kwajalein", "1993-08-19"],
  ["America/Sao_Paulo", "2018-11-02"],
  ["America/Sao_Paulo", "2018-02-16"],
  ["Asia/Beirut", "2025-03-28"],
  ["Africa/Casablanca", "2026-02-13"],
  ["Africa/Casablanca", "2026-03-20"],
  ["America/St_Johns", "2007-03-09"],
  ["Antarctica/Troll", "2026-03-27"],
  ["Antarctica/Troll", "2026-10-23"],
  ["Asia/Pyongyang", "2015-08-13"],
  ["America/Caracas", "2016-04-29"],
  ["Pacific/Chatham", "2026-09-25"],
  ["UTC", "2026-12-29"],
].map(([zone = "", from = ""]) => stretchOf(zone, Date.parse(from), Date.parse(from) + 5 * DAY_MS));

const WEEKDAY_NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

interface Written {
  text: string;
  values: ReadonlySet<number>;
}

const written = (text: string, values: readonly number[]): Written => ({ text, values: new Set(values) });
const every = (low: number, high: number, step = 1) =>
  Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, index) => low + index * step);

/** A field as people write them; `*` as often as `stars` in ten. */
function field(low: number, high: number, stars: number): fc.Arbitrary<Written> {
  const value = fc.integer({ min: low, max: high });
  const range = fc.tuple(value, value).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  const part = fc.oneof(
    { weight: 3, arbitrary: value.map((only) => written(`${only}`, [only])) },
    { weight: 1, arbitrary: range.map(([from, to]) => written(`${from}-${to}`, every(from, to))) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(range, fc.integer({ min: 1, max: 7 }))
        .map(([[from, to], step]) =>
          step > to - from + 1 ? written(`${from}`, [from]) : written(`${from}-${to}/${step}`, every(from, to, step)),
        ),
    },
  );
  const list = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) =>
    written(
      parts.map(({ text }) => text).join(","),
      parts.flatMap(({ values }) => [...values]),
    ),
  );
  const steps = fc.integer({ min: 2, max: high - low }).map((step) => written(`*/${step}`, every(low, high, step)));
  return fc.oneof(
    { weight: stars, arbitrary: fc.constant(written("*", every(low, high))) },
    { weight: 8 - stars, arbitrary: list },
    { weight: 2, arbitrary: steps },
  );
}

const weekdayField = fc
  .tuple(field(0, 6, 6), fc.boolean(), fc.boolean())
  .map(([{ text, values }, named, sundayAsSeven]) => {
    if (text.includes("/") || text.includes("-")) return { text, values };
    if (named) return { text: text.replace(/\d/g, (digit) => WEEKDAY_NAMES[Number(digit)] ?? digit), values };
    return { text: sundayAsSeven ? text.replaceAll("0", "7") : text, values };
  });

interface Expression {
  text: string;
  fields: Fields;
}

const expression: fc.Arbitrary<Expression> = fc
  .tuple(field(0, 59, 1), field(0, 23, 2), field(1, 31, 6), field(1, 12, 7), weekdayField)
  .map(([minute, hour, day, month, weekday]) => ({
    text: [minute, hour, day, month, weekday].map(({ text }) => text).join(" "),
    fields: {
      minute: minute.values,
      hour: hour.values,
      day: day.values,
      month: month.values,
      weekday: weekday.values,
      anyDay: day.text === "*",
      anyWeekday: weekday.text === "*",
    },
  }));

const policy: fc.Arbitrary<Policy> = fc.record({
  day_match: fc.constantFrom("either", "both"),
  gap: fc.constantFrom("shift", "skip"),
  overlap_hour: fc.constantFrom("first", "both"),
});

function cronSchedule(text: string, timezone: string, { day_match, gap, overlap_hour }: Policy): Schedule {
  const trigger = { type: "cron", expression: text, timezone, day_match, gap, overlap_hour } as const;
  return { trigger, startAtMs: null, endAtMs: null };
}

test("the slots of 12,000 random schedules are those that one finds by looking at every minute", {
  timeout: 60_000,
}, () => {
  let found = 0;
  const marks = new Map<string, number>();
  fc.assert(
    fc.property(
      expression,
      fc.integer({ min: 0, max: STRETCHES.length - 1 }),
      policy,
      fc.integer({ min: 0, max: 4 * DAY_MS }),
      ({ text, fields }, index, chosen, afterMs) => {
        const stretch = STRETCHES[index] as Stretch;
        const fromMs = stretch.fromMs + afterMs;
        const looked = slotsByLooking(stretch, fields, chosen, fromMs).slice(0, 12);
        const range = { afterMs: fromMs, untilMs: stretch.untilMs - 1, limit: 12 };
        expect(slotsBetween(cronSchedule(text, stretch.zone, chosen), range)).toEqual(looked);
        found += looked.length;
        for (const { mark } of looked) marks.set(`${mark}`, (marks.get(`${mark}`) ?? 0) + 1);
      },
    ),
    { seed, numRuns: 12_000 },
  );
  expect(found).toBeGreaterThan(20_000);
  for (const mark of ["gap_shifted", "overlap_first", "overlap_second"]) expect(marks.get(mark)).toBeGreaterThan(30);
});

test("the slots of 2,000 random schedules in UTC, years ahead, are those of cron-parser", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(expression, fc.integer({ min: 0, max: 50 * 365 * DAY_MS }), ({ text }, afterMs) => {
      const schedule = cronSchedule(text, "UTC", { day_match: "either", gap: "shift", overlap_hour: "first" });
      const theirs = firstOfCronParser(text, afterMs);
      fc.pre(theirs !== "refused");
      expect(nextSlot(schedule, afterMs)?.nominalAtMs ?? null).toBe(theirs);
    }),
    { seed, numRuns: 2_000 },
  );
});

/** Null where it gives up looking. */
function firstOfCronParser(text: string, afterMs: number): number | null | "refused" {
  let parsed: CronExpression;
  try {
    parsed = CronExpressionParser.parse(text, { tz: "UTC", currentDate: new Date(afterMs) });
  } catch {
    return "refused";
  }
  try {
    return parsed.next().getTime();
  } catch {
    return null;
  }
}
