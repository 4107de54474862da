import { Cron, CronPattern } from "croner";
import type { CronTrigger } from "../../contract/job-trigger.ts";
import { MAX_JUMP_MS, nextOffsetChange, type OffsetChange, offsetMs } from "./local-time.ts";
import type { Slot } from "./slots.ts";

interface Calendar {
  /** The first match after `wallMs`, by the calendar alone; null if there is none ever. */
  next(wallMs: number): number | null;
  everyHour: boolean;
}

/**
 * The first slot after `afterMs`. croner is asked about the calendar only, in UTC; what a zone's clock does is
 * ours, because it changed between croner's releases and our policy is a promise: with an expression that names
 * hours, a time jumped over is moved by as much as was jumped or skipped (`gap`), and a time shown twice fires
 * once or twice (`overlap_hour`). One that fires in every hour goes by elapsed time, without a hole or a heap.
 */
export function nextCronSlot(trigger: CronTrigger, afterMs: number): Slot | null {
  const calendar = calendarOf(trigger);
  let fromMs = afterMs;
  let change = nextOffsetChange(trigger.timezone, afterMs - MAX_JUMP_MS, afterMs);
  for (;;) {
    const slot = earlier(
      shownSlot(trigger, calendar, { fromMs, change }),
      shiftedSlot(trigger, calendar, { fromMs, change }),
    );
    if (slot === null) return null;
    const next = nextOffsetChange(trigger.timezone, Math.max(fromMs, change?.atMs ?? fromMs), slot.nominalAtMs);
    if (next === null) return markFirst(slot, trigger.timezone);
    change = next;
    fromMs = next.atMs - 1;
  }
}

/** Throws croner's Error, whose message says what is wrong, if the expression is none. */
export function calendarOf({ expression, day_match }: Pick<CronTrigger, "expression" | "day_match">): Calendar {
  const key = `${day_match} ${expression}`;
  const known = calendars.get(key);
  if (known !== undefined) return known;
  const mode = expression.startsWith("@") ? "auto" : "5-or-6-parts";
  const cron = new Cron(expression, { utcOffset: 0, mode, domAndDow: day_match === "both" });
  const calendar: Calendar = {
    next: (wallMs) => cron.nextRun(new Date(Math.floor(wallMs / 1_000) * 1_000))?.getTime() ?? null,
    everyHour: new CronPattern(expression, undefined, { mode }).hour.every((matches) => matches === 1),
  };
  if (calendars.size >= MAX_CALENDARS) calendars.clear();
  calendars.set(key, calendar);
  return calendar;
}

const MAX_CALENDARS = 2_000;
const calendars = new Map<string, Calendar>();

interface Period {
  fromMs: number;
  /** The change that began the present offset, if it is less than a day ago. */
  change: OffsetChange | null;
}

/** The next match of what the wall shows, as if the present offset lasted for ever. */
function shownSlot(trigger: CronTrigger, calendar: Calendar, { fromMs, change }: Period): Slot | null {
  const offset = change?.afterMs ?? offsetMs(trigger.timezone, fromMs);
  const shownBeforeMs = change !== null && change.afterMs < change.beforeMs ? change.atMs + change.beforeMs : -Infinity;
  const once = trigger.overlap_hour === "first" && !calendar.everyHour;
  const wallMs = calendar.next(once ? Math.max(fromMs + offset, shownBeforeMs - 1) : fromMs + offset);
  if (wallMs === null) return null;
  return { nominalAtMs: wallMs - offset, mark: wallMs < shownBeforeMs ? "overlap_second" : null };
}

/** The next match among the times that were jumped over, moved by the jump: as if the old offset had lasted. */
function shiftedSlot(trigger: CronTrigger, calendar: Calendar, { fromMs, change }: Period): Slot | null {
  if (change === null || change.afterMs < change.beforeMs) return null;
  if (trigger.gap === "skip" || calendar.everyHour) return null;
  const wallMs = calendar.next(Math.max(fromMs, change.atMs - 1) + change.beforeMs);
  if (wallMs === null || wallMs >= change.atMs + change.afterMs) return null;
  return { nominalAtMs: wallMs - change.beforeMs, mark: "gap_shifted" };
}

/** Of two at one instant, the one that needed no moving. */
function earlier(shown: Slot | null, shifted: Slot | null): Slot | null {
  if (shown === null || shifted === null) return shown ?? shifted;
  return shifted.nominalAtMs < shown.nominalAtMs ? shifted : shown;
}

function markFirst(slot: Slot, timezone: string): Slot {
  if (slot.mark !== null) return slot;
  const change = nextOffsetChange(timezone, slot.nominalAtMs, slot.nominalAtMs + MAX_JUMP_MS);
  if (change === null || slot.nominalAtMs < change.atMs - (change.beforeMs - change.afterMs)) return slot;
  return { ...slot, mark: "overlap_first" };
}
