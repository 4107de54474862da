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

const MAX_ZONES = 1_000;
const WEEK_MS = 7 * 86_400_000;
/** No zone ever jumped by more than a day. */
export const MAX_JUMP_MS = 25 * 3_600_000;

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Whole seconds, both ends included, in which the zone's offset is known to stay. */
interface Span {
  fromMs: number;
  untilMs: number;
  offsetMs: number;
}

/** One a zone: who goes from slot to slot asks about the same weeks, and Intl is slow. */
const spans = new Map<string, Span>();

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
  const wholeMs = wholeSecond(atMs);
  if (zone === "UTC") return 0;
  const span = spans.get(zone);
  if (span !== undefined && wholeMs >= span.fromMs && wholeMs <= span.untilMs) return span.offsetMs;
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
  let lowMs = wholeSecond(fromMs);
  for (;;) {
    const span = spans.get(zone);
    if (span !== undefined && lowMs >= span.fromMs && lowMs < span.untilMs) lowMs = span.untilMs;
    if (lowMs >= untilMs) return null;
    const beforeMs = offsetMs(zone, lowMs);
    const highMs = lowMs + WEEK_MS;
    if (offsetMs(zone, highMs) !== beforeMs) {
      const change = bisect(zone, { lowMs, highMs, beforeMs });
      remember(zone, { fromMs: lowMs, untilMs: change.atMs - 1_000, offsetMs: beforeMs });
      return change.atMs <= untilMs ? change : null;
    }
    remember(zone, { fromMs: lowMs, untilMs: highMs, offsetMs: beforeMs });
  }
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

function wholeSecond(atMs: number): number {
  return Math.floor(atMs / 1_000) * 1_000;
}

function remember(zone: string, span: Span): void {
  const known = spans.get(zone);
  const joined = known?.offsetMs === span.offsetMs && known.fromMs <= span.untilMs && known.untilMs >= span.fromMs;
  const fromMs = joined ? Math.min(known.fromMs, span.fromMs) : span.fromMs;
  const untilMs = joined ? Math.max(known.untilMs, span.untilMs) : span.untilMs;
  if (known === undefined && spans.size >= MAX_ZONES) spans.clear();
  spans.set(zone, { fromMs, untilMs, offsetMs: span.offsetMs });
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
  if (clocks.size < MAX_ZONES) clocks.set(zone, clock);
  return clock;
}
