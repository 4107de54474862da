import { nowMs } from "../clock.ts";
import type { JobDefinition, JobPatch, JobRequest } from "../contract/job.ts";
import { MAX_JOB_LOOKS } from "../contract/limits.ts";
import type { FieldError } from "../contract/problems.ts";
import { complaintAboutActiveHours } from "../core/schedule/active-hours.ts";
import { complaintAboutSchedule } from "../core/schedule/complaint.ts";
import { readTrigger } from "../core/schedule/read-trigger.ts";
import { decidePassed, type NextFire, nextFireAfter, scheduleOf } from "../core/slot-decisions.ts";
import { armTicker } from "../scheduler/arm-ticker.ts";
import { workOnJobs } from "../scheduler/work-on-jobs.ts";
import { type JobState, updateJob } from "../store/job-edits.ts";
import { type JobRecord, readJob } from "../store/jobs.ts";
import type { AppContext } from "./app-context.ts";
import { noteChange } from "./audited.ts";
import { requireConditions } from "./entity-tag.ts";
import { withRunnableAgent } from "./find-agent.ts";
import { jobSummary } from "./job-view.ts";
import { invalid, invalidFields, ProblemError } from "./problems.ts";

/** A job as it was asked for. Throws where its agent, its params or its schedule cannot be. */
export async function readDefinition(
  { id: _id, enabled: _enabled, trigger, active_hours, ...rest }: JobRequest,
  c: AppContext,
): Promise<JobDefinition> {
  const definition = {
    ...rest,
    trigger: triggerOf(trigger, rest.timezone),
    active_hours: active_hours === null ? null : { ...active_hours, timezone: active_hours.timezone ?? rest.timezone },
  };
  return checked(definition, c);
}

/** What a job becomes by a patch. A trigger that is not named stays, in its own timezone. */
export async function patchDefinition(before: JobDefinition, patch: JobPatch, c: AppContext): Promise<JobDefinition> {
  const { enabled: _enabled, trigger, active_hours, ...rest } = patch;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const merged: JobDefinition = { ...before, ...given };
  if (trigger !== undefined) merged.trigger = triggerOf(trigger, merged.timezone);
  else if (patch.timezone !== undefined && merged.trigger.type === "cron") {
    merged.trigger = { ...merged.trigger, timezone: patch.timezone };
  }
  if (active_hours === null) merged.active_hours = null;
  else if (active_hours !== undefined) {
    merged.active_hours = { ...active_hours, timezone: active_hours.timezone ?? merged.timezone };
  }
  return checked(merged, c);
}

type JobChanges = Partial<Pick<JobState, "definition" | "enabled" | "pausedNote">>;

/**
 * Changes a job as `edit` says of the one that there is, if that is as the request's conditions say; asks again where
 * somebody wrote to it meanwhile. A schedule that changed goes on from now, once what is due by the old one is decided;
 * one that did not, from where it was.
 */
export async function editJob(
  id: string,
  c: AppContext,
  edit: (job: JobRecord) => Promise<JobChanges>,
): Promise<JobRecord> {
  let caughtUp = false;
  for (let looks = 1; looks <= MAX_JOB_LOOKS; looks++) {
    const job = await findJob(id, c);
    requireConditions(c, job.version);
    const changes = await edit(job);
    const atMs = nowMs();
    const state = stateAfter(job, changes, atMs);
    const newSchedule = !sameSchedule(job.definition, state.definition);
    // Its slots of until now are accounted for while the schedule that named them is still known.
    if (newSchedule && !caughtUp && job.enabled && job.nextAtMs !== null && job.nextAtMs <= atMs) {
      caughtUp = true;
      await workOnJobs({ env: c.env, registry: c.get("registry"), nowMs, tell: () => {} }, [id]);
      continue;
    }
    const accountsForPassed = !job.enabled && (state.enabled || newSchedule);
    const fires = accountsForPassed ? decidePassed(job, atMs) : [];
    if (!(await updateJob(c.env.DB, job, state, { fires, atMs }))) continue;
    if (state.next !== null) await armTicker(c.env, state.next.dueAtMs);
    const changed = await findJob(id, c);
    noteChange(c, { before: jobSummary(job), after: jobSummary(changed) });
    return changed;
  }
  throw jobChanged(id);
}

export function jobChanged(id: string): ProblemError {
  const detail = `Job "${id}" was written to ${MAX_JOB_LOOKS} times by others while this was to change it.`;
  return new ProblemError({ code: "job_changed", detail, retryAfterS: 1 });
}

/** Throws `job_not_found`. */
export async function findJob(id: string, c: AppContext): Promise<JobRecord> {
  const job = await readJob(c.env.DB, id);
  if (job !== null) return job;
  throw jobNotFound(id);
}

export function jobNotFound(id: string): ProblemError {
  return new ProblemError({ code: "job_not_found", detail: `There is no job "${id}".` });
}

function stateAfter(job: JobRecord, changes: JobChanges, atMs: number): JobState {
  const { definition, enabled, pausedNote } = { ...job, ...changes };
  return {
    definition,
    enabled,
    pausedNote,
    pausedFromMs: enabled ? null : pausedFrom(job, definition, atMs),
    next: nextOf(job, { definition, enabled }, atMs),
    failuresFromMs: enabled && !job.enabled ? atMs : job.failuresFromMs,
  };
}

/** From when on the slots of a job that is paused now have no record; null of one that has no slot to come. */
function pausedFrom(job: JobRecord, definition: JobDefinition, atMs: number): number | null {
  const fromMs = job.enabled ? job.nextAtMs : job.pausedFromMs;
  return fromMs === null || sameSchedule(job.definition, definition) ? fromMs : atMs + 1;
}

function sameSchedule(one: JobDefinition, other: JobDefinition): boolean {
  return JSON.stringify(scheduleOf(one)) === JSON.stringify(scheduleOf(other));
}

function nextOf(job: JobRecord, state: Pick<JobState, "definition" | "enabled">, atMs: number): NextFire | null {
  const { definition, enabled } = state;
  if (!enabled || (definition.max_fires !== null && job.fireCount >= definition.max_fires)) return null;
  const afterMs = sameSchedule(definition, job.definition) && job.nextAtMs !== null ? job.nextAtMs - 1 : atMs;
  return nextFireAfter({ id: job.id, definition }, afterMs);
}

function triggerOf(trigger: JobRequest["trigger"], timezone: string): JobDefinition["trigger"] {
  const read = readTrigger(trigger, timezone);
  if (read.ok) return read.trigger;
  throw invalidFields([{ field: "trigger", reason: read.complaint }]);
}

async function checked(definition: JobDefinition, c: AppContext): Promise<JobDefinition> {
  const complaints: FieldError[] = [];
  const complaint = complaintAboutSchedule(scheduleOf(definition), nowMs());
  if (complaint !== null) complaints.push({ field: "trigger", reason: complaint });
  const hours = definition.active_hours === null ? null : complaintAboutActiveHours(definition.active_hours);
  if (hours !== null) complaints.push({ field: "active_hours", reason: hours });
  if (complaints.length > 0) throw invalidFields(complaints);
  await withRunnableAgent(definition.agent, c, async (agent) => {
    const params = await agent.input.safeParseAsync(definition.params);
    if (!params.success) throw invalid("invalid_params", params.error, ["params"]);
  });
  return definition;
}
