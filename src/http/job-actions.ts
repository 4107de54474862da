import * as z from "zod";
import { nowMs } from "../clock.ts";
import { JobChangeAnswer, PauseRequest } from "../contract/job.ts";
import { BackfillAnswer, BackfillRequest } from "../contract/job-fire.ts";
import { ScheduleRequest } from "../contract/job-trigger.ts";
import { MAX_BACKFILL_SLOTS } from "../contract/limits.ts";
import { JobId } from "../contract/names.ts";
import { PreviewQuery, SchedulePreview } from "../contract/schedule-preview.ts";
import { describeTrigger } from "../core/schedule/describe-trigger.ts";
import { slotsBetween } from "../core/schedule/slots.ts";
import { scheduleOf } from "../core/slot-decisions.ts";
import { beginFires } from "../scheduler/begin-fires.ts";
import { claimBackfill } from "../store/job-claims.ts";
import type { JobRecord } from "../store/jobs.ts";
import type { AppContext } from "./app-context.ts";
import { editJob, findJob, patchDefinition } from "./edit-job.ts";
import { entityTag } from "./entity-tag.ts";
import { jobDetail, nextSlots } from "./job-view.ts";
import { invalidFields } from "./problems.ts";
import { defineRoute } from "./route.ts";
import { triggerOneJob } from "./trigger-job.ts";

const pathParams = { schema: z.object({ id: JobId }), absent: "job_not_found" } as const;
const common = { tag: "Scheduler", access: "operator", pathParams } as const;

const pauseJob = defineRoute({
  ...common,
  method: "POST",
  path: "/api/scheduler/jobs/{id}/pause",
  summary: "Pause a job",
  description:
    "No slot fires from the answer on. A paused job that is paused again keeps its note unless one is given.",
  conditional: true,
  body: PauseRequest,
  answer: JobChangeAnswer,
  problems: ["job_not_found", "job_changed"],
  async handle({ path: { id }, body }, c) {
    const job = await editJob(id, c, async ({ pausedNote }) => ({
      enabled: false,
      pausedNote: body.note ?? pausedNote,
    }));
    return changeAnswer(job, `Job "${id}" is paused.`, c);
  },
});

const resumeJob = defineRoute({
  ...common,
  method: "POST",
  path: "/api/scheduler/jobs/{id}/resume",
  summary: "Resume a job that is paused",
  description:
    "It goes on with its next slot from now. The slots that passed while it was paused do not fire: one `skipped_paused` in the history stands for them. See backfill.",
  conditional: true,
  answer: JobChangeAnswer,
  problems: ["job_not_found", "job_changed"],
  async handle({ path: { id } }, c) {
    const job = await editJob(id, c, async () => ({ enabled: true, pausedNote: null }));
    return changeAnswer(job, `Job "${id}" is resumed.`, c);
  },
});

const putSchedule = defineRoute({
  ...common,
  method: "PUT",
  path: "/api/scheduler/jobs/{id}/schedule",
  summary: "Give a job another schedule",
  description:
    "In the words of the system that this one replaces (bare weekday numbers: Monday is 0), or with a cron expression (Sunday is 0 or 7). It goes on from now.",
  conditional: true,
  body: ScheduleRequest,
  answer: JobChangeAnswer,
  problems: ["job_not_found", "job_changed", "agent_not_found", "agent_retired", "agent_disabled", "invalid_params"],
  async handle({ path: { id }, body }, c) {
    const job = await editJob(id, c, async ({ definition }) => ({
      definition: await patchDefinition(definition, { trigger: body }, c),
    }));
    return changeAnswer(job, `Job "${id}" has another schedule.`, c);
  },
});

const backfillJob = defineRoute({
  ...common,
  method: "POST",
  path: "/api/scheduler/jobs/{id}/backfill",
  summary: "Run the slots of a range that have not run",
  description: `At most ${MAX_BACKFILL_SLOTS}, each once however often it is asked for. They wait for no run before them: the agent's own limits hold.`,
  body: BackfillRequest,
  answer: BackfillAnswer,
  problems: ["job_not_found"],
  async handle({ path: { id }, body }, c) {
    const { definition } = await findJob(id, c);
    const atMs = nowMs();
    const range = { afterMs: Date.parse(body.from) - 1, untilMs: Math.min(Date.parse(body.to), atMs) };
    const slots = slotsBetween(scheduleOf(definition), { ...range, limit: MAX_BACKFILL_SLOTS + 1 });
    if (slots.length > MAX_BACKFILL_SLOTS) {
      throw invalidFields([{ field: "to", reason: `the range has over ${MAX_BACKFILL_SLOTS} slots` }]);
    }
    const instants = slots.map(({ nominalAtMs }) => nominalAtMs);
    const fires = await claimBackfill(c.env.DB, { jobId: id, slots: instants, atMs });
    await beginFires({ env: c.env, registry: c.get("registry"), nowMs }, fires, new Map([[id, definition]]));
    const message = `Job "${id}": ${fires.length} of ${slots.length} slots are backfilled.`;
    return { body: { success: true, job_id: id, slots: slots.length, fired: fires.length, message } };
  },
});

const previewJob = defineRoute({
  ...common,
  access: "viewer",
  method: "GET",
  path: "/api/scheduler/jobs/{id}/preview",
  summary: "A job's next slots",
  description: "None of a job that is paused or finished.",
  query: PreviewQuery,
  answer: SchedulePreview,
  problems: ["job_not_found"],
  async handle({ path: { id }, query }, c) {
    const job = await findJob(id, c);
    const { trigger } = job.definition;
    return { body: { trigger, description: describeTrigger(trigger), slots: nextSlots(job, query.count) } };
  },
});

export const jobActionRoutes = [pauseJob, resumeJob, putSchedule, triggerOneJob, backfillJob, previewJob];

async function changeAnswer(job: JobRecord, message: string, c: AppContext) {
  const body = { success: true, job_id: job.id, message, job: await jobDetail(c.env.DB, job) };
  return { body, headers: { ETag: entityTag(job.version) } };
}
