import { type ActiveHours, WEEKDAYS } from "../../contract/job-trigger.ts";
import { dayOf } from "../day.ts";
import { isTimezone, offsetMs } from "./local-time.ts";

const MINUTE_MS = 60_000;

/** Whether a job with these hours may fire at `atMs`, by what the clock on the wall shows then. */
export function isActive(hours: ActiveHours, atMs: number): boolean {
  const wallMs = atMs + offsetMs(hours.timezone, atMs);
  const day = dayOf(wallMs);
  const minute = Math.floor(wallMs / MINUTE_MS) - day * 24 * 60;
  const [from, to] = [minuteOf(hours.from), minuteOf(hours.to)];
  if (from < to) return minute >= from && minute < to && hours.days.includes(weekdayOf(day));
  return minute >= from ? hours.days.includes(weekdayOf(day)) : minute < to && hours.days.includes(weekdayOf(day - 1));
}

/** Why these hours are none; null if they are. */
export function complaintAboutActiveHours(hours: ActiveHours): string | null {
  if (!isTimezone(hours.timezone)) return `expected an IANA timezone like Europe/London, got ${hours.timezone}`;
  return hours.from === "24:00" ? "from must be before 24:00" : null;
}

function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}

/** Day 0, 1970-01-01, was a Thursday. */
function weekdayOf(day: number): (typeof WEEKDAYS)[number] {
  return WEEKDAYS[(((day + 3) % 7) + 7) % 7] ?? "mon";
}
