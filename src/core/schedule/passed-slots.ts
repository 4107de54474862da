import { MAX_COUNTED_SLOTS } from "../../contract/limits.ts";
import { nextSlot, type Schedule, slotsBetween } from "./slots.ts";

/** Slots that one record is to stand for. */
export interface PassedSlots {
  lastAtMs: number;
  /** Those before it, as far as they were counted: at most MAX_COUNTED_SLOTS. */
  earlier: number;
}

/** The slots in [fromMs, untilMs] as one record has them, or null where there are none. Both bounds inclusive. */
export function passedSlots(
  schedule: Schedule,
  { fromMs, untilMs }: { fromMs: number; untilMs: number },
): PassedSlots | null {
  const range = { afterMs: fromMs - 1, untilMs };
  const counted = slotsBetween(schedule, { ...range, limit: MAX_COUNTED_SLOTS + 1 });
  const last = counted.at(-1);
  if (last === undefined) return null;
  const lastAtMs = counted.length <= MAX_COUNTED_SLOTS ? last.nominalAtMs : lastSlotUntil(schedule, range);
  return { lastAtMs, earlier: Math.min(counted.length - 1, MAX_COUNTED_SLOTS) };
}

/** By halving, of slots of which there is one: years of seconds are too many to go through. */
function lastSlotUntil(schedule: Schedule, { afterMs, untilMs }: { afterMs: number; untilMs: number }): number {
  let lastAtMs = afterMs;
  let endMs = untilMs; // no slot is in (endMs, untilMs]
  while (lastAtMs < endMs) {
    const middleMs = lastAtMs + Math.floor((endMs - lastAtMs) / 2);
    const slot = nextSlot(schedule, middleMs);
    if (slot !== null && slot.nominalAtMs <= untilMs) lastAtMs = slot.nominalAtMs;
    else endMs = middleMs;
  }
  return lastAtMs;
}
