/**
 * What the clock on the wall shows is written here as if it were UTC ("wall milliseconds"): the instant plus
 * the zone's offset. Calendar arithmetic on it needs no zone.
 */
export interface OffsetChange {
  /** The first instant of the new offset. */
  atMs: number;
  beforeMs: number;
  afterMs: number;
}

const WEEK_MS = 7 * 86_400_000;
/** No zone ever jumped by more than a day. */
export const MAX_JUMP_MS = 25 * 3_600_000;

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Whether `zone` is an IANA name that this runtime knows. */
export function isTimezone(zone: string): boolean {
  try {
    clockOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** How far the wall is ahead of UTC, in milliseconds. Throws RangeError for a zone that is none. */
export function offsetMs(zone: string, atMs: number): number {
  const wholeMs = Math.floor(atMs / 1_000) * 1_000;
  if (zone === "UTC") return 0;
  const shown = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/.exec(clockOf(zone).format(wholeMs))?.slice(1).map(Number);
  if (shown === undefined) throw new Error(`expected a date and time of ${zone}, got ${clockOf(zone).format(wholeMs)}`);
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = shown;
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeMs;
}

/**
 * The first change of the zone's offset in (fromMs, untilMs]. It looks once a week, so a change that is taken
 * back within a week is not seen: no zone has done that since 1970 but by an error of its data.
 */
export function nextOffsetChange(zone: string, fromMs: number, untilMs: number): OffsetChange | null {
  if (zone === "UTC") return null;
  let lowMs = Math.floor(fromMs / 1_000) * 1_000;
  let beforeMs = offsetMs(zone, lowMs);
  while (lowMs < untilMs) {
    const highMs = Math.min(lowMs + WEEK_MS, Math.floor(untilMs / 1_000) * 1_000);
    if (highMs <= lowMs) return null;
    const afterMs = offsetMs(zone, highMs);
    if (afterMs !== beforeMs) return bisect(zone, { lowMs, highMs, beforeMs });
    lowMs = highMs;
    beforeMs = afterMs;
  }
  return null;
}

/** The instant at which the wall shows `wallMs`: the first of two; for a time jumped over, as much later as was jumped. */
export function instantOfWall(zone: string, wallMs: number): number {
  const beforeMs = offsetMs(zone, wallMs - MAX_JUMP_MS);
  const early = wallMs - beforeMs;
  if (offsetMs(zone, early) === beforeMs) return early;
  const afterMs = offsetMs(zone, wallMs + MAX_JUMP_MS);
  const late = wallMs - afterMs;
  return offsetMs(zone, late) === afterMs ? late : early;
}

/** `2026-11-27 09:00:00-05:00` */
export function wallClock(zone: string, atMs: number): string {
  const offset = offsetMs(zone, atMs);
  const minutes = Math.round(Math.abs(offset) / 60_000);
  const two = (count: number) => String(count).padStart(2, "0");
  const shown = new Date(atMs + offset).toISOString().slice(0, 19).replace("T", " ");
  return `${shown}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function bisect(zone: string, span: { lowMs: number; highMs: number; beforeMs: number }): OffsetChange {
  let { lowMs, highMs } = span;
  while (highMs - lowMs > 1_000) {
    const middleMs = Math.floor((lowMs + highMs) / 2_000) * 1_000;
    if (offsetMs(zone, middleMs) === span.beforeMs) lowMs = middleMs;
    else highMs = middleMs;
  }
  return { atMs: highMs, beforeMs: span.beforeMs, afterMs: offsetMs(zone, highMs) };
}

/** Making one costs a thousand times what asking it costs. There are some 600 zones. */
function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  if (clocks.size < 1_000) clocks.set(zone, clock);
  return clock;
}
