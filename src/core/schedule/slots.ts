import { intervalMs, type JobTrigger } from "../../contract/job-trigger.ts";
import { nextCronSlot } from "./cron.ts";

/** When a job is to fire. Bounds are inclusive. */
export interface Schedule {
  trigger: JobTrigger;
  startAtMs: number | null;
  endAtMs: number | null;
}

/** An instant at which a job is to fire, and what daylight saving did to it. */
export interface Slot {
  /** What a fire is named by, whenever it really happens. */
  nominalAtMs: number;
  mark: null | "gap_shifted" | "overlap_first" | "overlap_second";
}

/**
 * The first slot strictly after `afterMs`; null if there is none. Ask from the later of the present and the last
 * slot: a clock that runs early or backwards would be given the same slot again.
 */
export function nextSlot(schedule: Schedule, afterMs: number): Slot | null {
  const fromMs = schedule.startAtMs === null ? afterMs : Math.max(afterMs, schedule.startAtMs - 1);
  const slot = nextOf(schedule.trigger, fromMs);
  return slot === null || (schedule.endAtMs !== null && slot.nominalAtMs > schedule.endAtMs) ? null : slot;
}

/** The slots in (afterMs, untilMs], oldest first, at most `limit`. */
export function slotsBetween(
  schedule: Schedule,
  { afterMs, untilMs, limit }: { afterMs: number; untilMs: number; limit: number },
): Slot[] {
  const slots: Slot[] = [];
  let slot = nextSlot(schedule, afterMs);
  while (slot !== null && slot.nominalAtMs <= untilMs && slots.length < limit) {
    slots.push(slot);
    slot = nextSlot(schedule, slot.nominalAtMs);
  }
  return slots;
}

/**
 * How much later than its nominal instant a slot is due: 0 to `maxJitterMs`, the same whoever asks. FNV-1a of job
 * and instant, finished as MurmurHash3 does so that neighbouring slots differ.
 */
export function jitterMs(jobId: string, nominalAtMs: number, maxJitterMs: number): number {
  let hash = 0x811c9dc5;
  for (const character of `${jobId} ${nominalAtMs}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return Math.floor((((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * (maxJitterMs + 1));
}

function nextOf(trigger: JobTrigger, afterMs: number): Slot | null {
  switch (trigger.type) {
    case "cron":
      return nextCronSlot(trigger, afterMs);
    case "interval": {
      const startMs = trigger.start === undefined ? 0 : Date.parse(trigger.start);
      const everyMs = intervalMs(trigger);
      const passed = Math.max(0, Math.floor((afterMs - startMs) / everyMs) + 1);
      return { nominalAtMs: startMs + passed * everyMs, mark: null };
    }
    case "date": {
      const nominalAtMs = Date.parse(trigger.run_date);
      return nominalAtMs > afterMs ? { nominalAtMs, mark: null } : null;
    }
  }
}
