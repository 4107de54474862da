import * as z from "zod";
import { nowMs } from "../clock.ts";
import { JobChangeAnswer, PauseRequest } from "../contract/job.ts";
import { BackfillAnswer, BackfillRequest, TriggerJobAnswer, TriggerJobRequest } from "../contract/job-fire.ts";
import { ScheduleRequest } from "../contract/job-trigger.ts";
import { MAX_BACKFILL_SLOTS } from "../contract/limits.ts";
import { JobId } from "../contract/names.ts";
import { PreviewQuery, SchedulePreview } from "../contract/schedule-preview.ts";
import { describeTrigger } from "../core/schedule/describe-trigger.ts";
import { slotsBetween } from "../core/schedule/slots.ts";
import { scheduleOf } from "../core/slot-decisions.ts";
import { beginFires } from "../scheduler/begin-fires.ts";
import { triggerJob } from "../scheduler/trigger-job.ts";
import { claimBackfill } from "../store/job-claims.ts";
import type { JobRecord } from "../store/jobs.ts";
import type { AppContext } from "./app-context.ts";
import { editJob, findJob, jobChanged, jobNotFound, patchDefinition } from "./edit-job.ts";
import { entityTag } from "./entity-tag.ts";
import { withRunnableAgent } from "./find-agent.ts";
import { jobDetail, jobFire, nextSlots } from "./job-view.ts";
import { invalid, invalidFields } from "./problems.ts";
import { defineRoute } from "./route.ts";

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
    "It goes on with its next slot from now: what it missed while it was paused does not fire. See backfill.",
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

const triggerOneJob = defineRoute({
  ...common,
  method: "POST",
  path: "/api/scheduler/jobs/{id}/trigger",
  summary: "Fire a job now",
  description: "Also one that is paused. Its schedule goes on as it is.",
  body: TriggerJobRequest,
  answer: TriggerJobAnswer,
  problems: ["job_not_found", "job_changed", "agent_not_found", "agent_retired", "agent_disabled", "invalid_params"],
  async handle({ path: { id }, body }, c) {
    const { definition } = await findJob(id, c);
    await withRunnableAgent(definition.agent, c, async (agent) => {
      const params = await agent.input.safeParseAsync(body.params ?? definition.params);
      if (!params.success) throw invalid("invalid_params", params.error, ["params"]);
    });
    const paramsJson = body.params === undefined ? null : JSON.stringify(body.params);
    const context = { env: c.env, registry: c.get("registry"), nowMs };
    const fire = await triggerJob(context, { jobId: id, paramsJson, overlap: body.overlap });
    if (fire === null) throw jobNotFound(id);
    if (fire === "changed") throw jobChanged(id);
    const { outcome, runId } = fire;
    const success = outcome === "fired" || outcome === "buffered";
    const message = runId === null ? `Job "${id}": ${outcome}.` : `Job "${id}" fired as run ${runId}.`;
    return { body: { success, job_id: id, run_id: runId, fire: jobFire(fire), message } };
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
