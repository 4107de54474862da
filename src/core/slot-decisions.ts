import type { JobDefinition } from "../contract/job.ts";
import type { FireKind, FireOutcome, OverlapPolicy } from "../contract/job-fire.ts";
import { MAX_BUFFERED_FIRES, MAX_CATCH_UP_SLOTS } from "../contract/limits.ts";
import { isActive } from "./schedule/active-hours.ts";
import { passedSlots } from "./schedule/passed-slots.ts";
import { jitterMs, nextSlot, type Schedule, slotsBetween } from "./schedule/slots.ts";

/** A job's next slot, and when that is to fire. */
export interface NextFire {
  nextAtMs: number;
  dueAtMs: number;
}

/** What becomes of one slot. */
export interface SlotDecision {
  nominalAtMs: number;
  kind: FireKind;
  outcome: FireOutcome;
  /** Earlier slots that this fire stands for. */
  coalesced: number;
  /** Instead of the job's own. */
  paramsJson: string | null;
  /** Of one that was asked for: what it is known by to those who ask again. */
  key: FireKey | null;
}

export interface FireKey {
  requestKey: string;
  fingerprint: string;
}

export interface DueJob {
  id: string;
  definition: JobDefinition;
  nextAtMs: number;
  fireCount: number;
  /** Whether a run of it has not ended, or is promised. */
  busy: boolean;
  /** Fires that wait for that. */
  buffered: number;
  /** Whether it is to pause for its failures. */
  failing: boolean;
}

export interface SlotDecisions {
  fires: SlotDecision[];
  next: NextFire | "none";
  /** Whether the job pauses with this. */
  pauses: boolean;
  /** Whether more slots are due than one transaction is to record. */
  more: boolean;
}

export function scheduleOf({
  trigger,
  start_at,
  end_at,
}: Pick<JobDefinition, "trigger" | "start_at" | "end_at">): Schedule {
  return {
    trigger,
    startAtMs: start_at === null ? null : Date.parse(start_at),
    endAtMs: end_at === null ? null : Date.parse(end_at),
  };
}

/** The first slot strictly after an instant, or null where none is left. */
export function nextFireAfter(
  { id, definition }: { id: string; definition: JobDefinition },
  afterMs: number,
): NextFire | null {
  const slot = nextSlot(scheduleOf(definition), afterMs);
  return slot === null ? null : nextFireAt(id, definition, slot.nominalAtMs);
}

/**
 * What becomes of a job's slots that are due, oldest first. What a slot gets depends on no other call: one that is
 * later than its grace is missed (APScheduler's `misfire_grace_time`), of the others the last fires where the job
 * coalesces and each where it does not, and the overlap policy judges what is to fire (Temporal's words).
 */
export function decideSlots(job: DueJob, nowMs: number): SlotDecisions {
  const { definition, nextAtMs } = job;
  const limit = MAX_CATCH_UP_SLOTS;
  const within = { afterMs: nextAtMs - 1, untilMs: nowMs, limit: 2 * limit };
  const instants = slotsBetween(scheduleOf(definition), within).map(({ nominalAtMs }) => nominalAtMs);
  const firstEarly = instants.findIndex((atMs) => nextFireAt(job.id, definition, atMs).dueAtMs > nowMs);
  const allDue = firstEarly === -1 ? instants : instants.slice(0, firstEarly);
  const [due, later] = [allDue.slice(0, limit), allDue.slice(limit)];
  // Of as many as could be looked at there may be one further on.
  const othersInTime = later.length === limit || later.some((atMs) => outcomeByTime(job, atMs, nowMs) === "in_time");
  const more = later.length > 0;
  const fires = decideDue(job, due, { nowMs, othersInTime });
  const pauses = fires.some(({ outcome }) => outcome === "skipped_paused");
  const finished = definition.max_fires !== null && job.fireCount + countFiring(fires) >= definition.max_fires;
  const next = pauses || finished ? null : nextFireAfter(job, due.at(-1) ?? nextAtMs - 1);
  return { fires, next: next ?? "none", pauses, more: more && next !== null };
}

function decideDue(
  job: DueJob,
  due: readonly number[],
  { nowMs, othersInTime }: { nowMs: number; othersInTime: boolean },
): SlotDecision[] {
  const { definition } = job;
  const judged = due.map((atMs) => ({ atMs, outcome: outcomeByTime(job, atMs, nowMs) }));
  const lastInTime = judged.findLast(({ outcome }) => outcome === "in_time")?.atMs;
  const fires: SlotDecision[] = [];
  let coalesced = 0;
  for (const { atMs, outcome } of judged) {
    if (definition.max_fires !== null && job.fireCount + countFiring(fires) >= definition.max_fires) break;
    if (outcome !== "in_time") fires.push(decision(atMs, outcome));
    else if (job.failing) fires.push(decision(atMs, "skipped_paused"));
    else if (definition.coalesce && (atMs !== lastInTime || othersInTime)) {
      coalesced++;
      fires.push(decision(atMs, "coalesced"));
    } else {
      const buffered = job.buffered + fires.filter((fire) => fire.outcome === "buffered").length;
      const busy = job.busy || fires.some((fire) => fire.outcome === "fired");
      fires.push({ ...decision(atMs, overlapOutcome(definition.overlap, { busy, buffered })), coalesced });
      coalesced = 0;
    }
  }
  return fires;
}

function outcomeByTime(job: DueJob, atMs: number, nowMs: number): "in_time" | "missed" | "skipped_inactive" {
  const { active_hours, misfire_grace_s } = job.definition;
  if (active_hours !== null && !isActive(active_hours, atMs)) return "skipped_inactive";
  const lateMs = nowMs - nextFireAt(job.id, job.definition, atMs).dueAtMs;
  return lateMs > misfire_grace_s * 1_000 ? "missed" : "in_time";
}

/** Temporal's ScheduleOverlapPolicy. What waits goes in the order of its slots, so nothing passes it. */
export function overlapOutcome(
  policy: OverlapPolicy,
  { busy, buffered }: { busy: boolean; buffered: number },
): "fired" | "buffered" | "skipped_overlap" {
  if (policy === "allow_all" || (!busy && buffered === 0)) return "fired";
  switch (policy) {
    case "skip":
      return "skipped_overlap";
    case "buffer_one":
    case "cancel_other":
      return buffered === 0 ? "buffered" : "skipped_overlap";
    case "buffer_all":
      return buffered < MAX_BUFFERED_FIRES ? "buffered" : "skipped_overlap";
    default:
      return policy satisfies never;
  }
}

/** The one record of the slots that passed while a job was paused, up to `untilMs`; none where none passed. */
export function decidePassed(
  { definition, pausedFromMs }: { definition: JobDefinition; pausedFromMs: number | null },
  untilMs: number,
): SlotDecision[] {
  if (pausedFromMs === null) return [];
  const passed = passedSlots(scheduleOf(definition), { fromMs: pausedFromMs, untilMs });
  return passed === null ? [] : [{ ...decision(passed.lastAtMs, "skipped_paused"), coalesced: passed.earlier }];
}

function nextFireAt(id: string, { jitter_s }: JobDefinition, nominalAtMs: number): NextFire {
  return { nextAtMs: nominalAtMs, dueAtMs: nominalAtMs + jitterMs(id, nominalAtMs, jitter_s * 1_000) };
}

function decision(nominalAtMs: number, outcome: FireOutcome): SlotDecision {
  return { nominalAtMs, kind: "scheduled", outcome, coalesced: 0, paramsJson: null, key: null };
}

function countFiring(fires: readonly SlotDecision[]): number {
  return fires.filter(({ outcome }) => outcome === "fired" || outcome === "buffered").length;
}
