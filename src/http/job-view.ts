import type { JobDetail, JobStatus, JobSummary } from "../contract/job.ts";
import type { JobFire } from "../contract/job-fire.ts";
import { NEXT_SLOTS, RECENT_FIRES } from "../contract/limits.ts";
import type { PreviewSlot } from "../contract/schedule-preview.ts";
import { describeTrigger } from "../core/schedule/describe-trigger.ts";
import { slotsBetween } from "../core/schedule/slots.ts";
import { scheduleOf } from "../core/slot-decisions.ts";
import { type FireRecord, listFires } from "../store/job-fires.ts";
import type { JobRecord } from "../store/jobs.ts";
import { instant, instantOrNull } from "./run-view.ts";
import { previewSlot, timezoneOf } from "./schedule-preview.ts";

/** A job as the API shows it. */
export function jobSummary(job: JobRecord): JobSummary {
  const { definition } = job;
  return {
    ...definition,
    id: job.id,
    enabled: job.enabled,
    paused_note: job.pausedNote,
    status: jobStatus(job),
    schedule: describeTrigger(definition.trigger),
    next_run: instantOrNull(job.nextAtMs),
    last_run: instantOrNull(job.lastFiredAtMs),
    fire_count: job.fireCount,
    version: job.version,
    created_at: instant(job.createdAtMs),
    updated_at: instant(job.updatedAtMs),
  };
}

/** The same, with what is before and behind it. */
export async function jobDetail(db: D1Database, job: JobRecord): Promise<JobDetail> {
  const fires = await listFires(db, { jobId: job.id, before: Number.MAX_SAFE_INTEGER, limit: RECENT_FIRES });
  return { ...jobSummary(job), next_runs: nextSlots(job, NEXT_SLOTS), recent_history: fires.map(jobFire) };
}

/** The next slots of a job that is not paused. */
export function nextSlots(job: JobRecord, count: number): PreviewSlot[] {
  const { nextAtMs, definition } = job;
  if (nextAtMs === null) return [];
  const left = definition.max_fires === null ? count : Math.min(count, definition.max_fires - job.fireCount);
  const range = { afterMs: nextAtMs - 1, untilMs: Number.MAX_SAFE_INTEGER, limit: left };
  const shown = { timezone: timezoneOf(definition.trigger, definition.timezone), hours: definition.active_hours };
  return slotsBetween(scheduleOf(definition), range).map((slot) => previewSlot(slot, shown));
}

export function jobFire(fire: FireRecord): JobFire {
  return {
    job_id: fire.jobId,
    nominal_at: instant(fire.nominalAtMs),
    kind: fire.kind,
    outcome: fire.outcome,
    run_id: fire.runId,
    run_status: fire.runStatus,
    duration_ms: fire.durationMs,
    problem: fire.problem,
    coalesced: fire.coalesced,
    fired_at: instant(fire.firedAtMs),
  };
}

function jobStatus(job: JobRecord): JobStatus {
  if (job.live || job.promised > 0) return "running";
  if (!job.enabled) return "paused";
  return job.nextAtMs === null ? "finished" : "scheduled";
}
