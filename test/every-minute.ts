import type { Slot } from "../src/core/schedule/slots.ts";

/** The numbers that each field of a cron expression lets through, and whether it is written as `*`. */
export interface Fields {
  minute: ReadonlySet<number>;
  hour: ReadonlySet<number>;
  day: ReadonlySet<number>;
  month: ReadonlySet<number>;
  /** Sunday = 0. */
  weekday: ReadonlySet<number>;
  anyDay: boolean;
  anyWeekday: boolean;
}

export interface Policy {
  day_match: "either" | "both";
  gap: "shift" | "skip";
  overlap_hour: "first" | "both";
}

interface Minute {
  atMs: number;
  wallMs: number;
}

/** What the wall of a zone shows in each minute of a stretch of time. */
export interface Stretch {
  zone: string;
  fromMs: number;
  untilMs: number;
  minutes: readonly Minute[];
  /** The times that were never shown, with the instants that they are moved to. */
  missing: readonly Minute[];
  shownTwice: ReadonlyMap<number, "overlap_first" | "overlap_second">;
}

const MINUTE_MS = 60_000;
const MARGIN_MS = 26 * 3_600_000;

/** Asks Intl in every single minute; what changed is seen from one minute to the next. */
export function stretchOf(zone: string, fromMs: number, untilMs: number): Stretch {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
  const minutes: Minute[] = [];
  const missing: Minute[] = [];
  const firstShown = new Map<number, number>();
  const shownTwice = new Map<number, "overlap_first" | "overlap_second">();
  for (let atMs = fromMs - MARGIN_MS; atMs < untilMs + MARGIN_MS; atMs += MINUTE_MS) {
    const wallMs = Date.parse(`${format.format(atMs).replace(" ", "T")}Z`);
    const expectedMs = (minutes.at(-1)?.wallMs ?? wallMs - MINUTE_MS) + MINUTE_MS;
    for (let lostMs = expectedMs; lostMs < wallMs; lostMs += MINUTE_MS) {
      missing.push({ wallMs: lostMs, atMs: atMs + (lostMs - expectedMs) });
    }
    const before = firstShown.get(wallMs);
    if (before === undefined) firstShown.set(wallMs, atMs);
    else {
      shownTwice.set(before, "overlap_first");
      shownTwice.set(atMs, "overlap_second");
    }
    minutes.push({ atMs, wallMs });
  }
  return { zone, fromMs, untilMs, minutes, missing, shownTwice };
}

/** Every slot in (afterMs, the stretch's end), by looking at each minute. Nothing of the service is asked. */
export function slotsByLooking(stretch: Stretch, fields: Fields, policy: Policy, afterMs: number): Slot[] {
  const goesByElapsedTime = fields.hour.size === 24;
  const slots = new Map<number, Slot>();
  for (const { atMs, wallMs } of stretch.minutes) {
    if (atMs <= afterMs || atMs >= stretch.untilMs || !matches(fields, policy, wallMs)) continue;
    const mark = stretch.shownTwice.get(atMs) ?? null;
    if (mark === "overlap_second" && policy.overlap_hour === "first" && !goesByElapsedTime) continue;
    slots.set(atMs, { nominalAtMs: atMs, mark });
  }
  for (const { atMs, wallMs } of policy.gap === "skip" || goesByElapsedTime ? [] : stretch.missing) {
    if (atMs <= afterMs || atMs >= stretch.untilMs || slots.has(atMs) || !matches(fields, policy, wallMs)) continue;
    slots.set(atMs, { nominalAtMs: atMs, mark: "gap_shifted" });
  }
  return [...slots.values()].sort((a, b) => a.nominalAtMs - b.nominalAtMs);
}

function matches(fields: Fields, { day_match }: Policy, wallMs: number): boolean {
  const minuteOfDay = Math.floor(wallMs / MINUTE_MS) % 1_440;
  if (!fields.minute.has(minuteOfDay % 60) || !fields.hour.has(Math.floor(minuteOfDay / 60))) return false;
  const wall = new Date(wallMs);
  if (!fields.month.has(wall.getUTCMonth() + 1)) return false;
  const day = fields.day.has(wall.getUTCDate());
  const weekday = fields.weekday.has(wall.getUTCDay());
  return day_match === "either" && !fields.anyDay && !fields.anyWeekday ? day || weekday : day && weekday;
}
