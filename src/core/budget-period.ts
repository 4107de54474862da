import { DAY_MS } from "./day.ts";

export type BudgetPeriod = "day" | "month";

/** From `startsAtMs` to before `endsAtMs`. */
export interface Span {
  startsAtMs: number;
  endsAtMs: number;
}

/** Local midnight is within so much of the same date's midnight in UTC, whatever the zone. */
const MAX_OFFSET_MS = 16 * 60 * 60_000;

/** The day or the month that an instant is in, as calendars in that timezone have it. */
export function periodAt(instantMs: number, period: BudgetPeriod, timezone: string): Span {
  const key = `${period} ${timezone}`;
  const last = lastAsked.get(key);
  if (last !== undefined && instantMs >= last.startsAtMs && instantMs < last.endsAtMs) return last;
  const span = spanAt(instantMs, period, timezone);
  lastAsked.set(key, span);
  return span;
}

/** A period is asked for once a run, and found once a period: looking through a calendar takes longer than a run. */
const lastAsked = new Map<string, Span>();

function spanAt(instantMs: number, period: BudgetPeriod, timezone: string): Span {
  const { year, month, day } = localDate(instantMs, timezone);
  const first = Date.UTC(year, month, period === "day" ? day : 1);
  const next = period === "day" ? first + DAY_MS : Date.UTC(year, month + 1, 1);
  return { startsAtMs: beginningOf(first, timezone), endsAtMs: beginningOf(next, timezone) };
}

/**
 * The first instant of a date, given as that date's midnight in UTC. Looked for and not computed: where clocks are put
 * forward at midnight the date begins at one o'clock.
 */
function beginningOf(dateMs: number, timezone: string): number {
  let before = dateMs - MAX_OFFSET_MS;
  let within = dateMs + MAX_OFFSET_MS;
  while (within - before > 1) {
    const middle = Math.floor((before + within) / 2);
    const { year, month, day } = localDate(middle, timezone);
    if (Date.UTC(year, month, day) < dateMs) before = middle;
    else within = middle;
  }
  return within;
}

/** `month` from 0, like Date. */
function localDate(instantMs: number, timezone: string): { year: number; month: number; day: number } {
  let format = formats.get(timezone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      calendar: "gregory",
      numberingSystem: "latn",
      year: "numeric",
      month: "numeric",
      day: "numeric",
    });
    formats.set(timezone, format);
  }
  const parts = new Map(format.formatToParts(instantMs).map(({ type, value }) => [type, Number(value)]));
  return { year: parts.get("year") ?? 0, month: (parts.get("month") ?? 0) - 1, day: parts.get("day") ?? 0 };
}

/** Dear to make, and one for each timezone that a budget names. */
const formats = new Map<string, Intl.DateTimeFormat>();
