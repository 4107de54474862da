import { MAX_SCHEDULE_MS } from "../../contract/limits.ts";
import { calendarOf } from "./cron.ts";
import { isTimezone } from "./local-time.ts";
import { nextSlot, type Schedule } from "./slots.ts";

/** Why this schedule can never fire after `nowMs`, or is none at all, as a sentence; null if it can. */
export function complaintAboutSchedule(schedule: Schedule, nowMs: number): string | null {
  const { trigger, startAtMs, endAtMs } = schedule;
  if ("timezone" in trigger && !isTimezone(trigger.timezone)) {
    return `expected an IANA timezone like Europe/London, got ${trigger.timezone}`;
  }
  const unreadable = trigger.type === "cron" ? complaintAboutExpression(trigger) : null;
  if (unreadable !== null) return unreadable;
  if (startAtMs !== null && endAtMs !== null && endAtMs < startAtMs) return "it would end before it starts";
  const slot = nextSlot(schedule, nowMs);
  if (slot !== null && slot.nominalAtMs - nowMs <= MAX_SCHEDULE_MS) return null;
  if (trigger.type === "date" && Date.parse(trigger.run_date) <= nowMs) return `${trigger.run_date} has passed`;
  if (nextSlot({ trigger, startAtMs: null, endAtMs: null }, nowMs) !== null) {
    return slot === null ? "it would end before it fires" : "it would not fire within 100 years";
  }
  return "it would never fire: there is no such date";
}

function complaintAboutExpression(trigger: Parameters<typeof calendarOf>[0]): string | null {
  try {
    calendarOf(trigger);
    return null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `"${trigger.expression}" is no cron expression: ${reason.replace(/^CronPattern: /, "")}`;
  }
}
