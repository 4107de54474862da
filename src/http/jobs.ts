import * as z from "zod";
import { nowMs } from "../clock.ts";
import { JobDeletedAnswer, JobDetail, JobList, JobListQuery, JobPatch, JobRequest } from "../contract/job.ts";
import { MAX_JOB_LOOKS } from "../contract/limits.ts";
import { JobId } from "../contract/names.ts";
import { nextFireAfter } from "../core/slot-decisions.ts";
import { randomKey } from "../random.ts";
import { armTicker } from "../scheduler/arm-ticker.ts";
import { deleteJob, insertJob } from "../store/job-edits.ts";
import { listJobs } from "../store/jobs.ts";
import type { AppContext } from "./app-context.ts";
import { noteChange } from "./audited.ts";
import { editJob, findJob, jobChanged, patchDefinition, readDefinition } from "./edit-job.ts";
import { entityTag, requireConditions } from "./entity-tag.ts";
import { jobDetail, jobSummary } from "./job-view.ts";
import { ProblemError } from "./problems.ts";
import { defineRoute } from "./route.ts";

const pathParams = { schema: z.object({ id: JobId }), absent: "job_not_found" } as const;
const tag = "Scheduler";

const listAllJobs = defineRoute({
  method: "GET",
  path: "/api/scheduler/jobs",
  tag,
  summary: "List jobs",
  access: "viewer",
  query: JobListQuery,
  answer: JobList,
  problems: [],
  async handle({ query }, c) {
    const jobs = await listJobs(c.env.DB, {
      afterId: query.cursor ?? "",
      agentName: query.agent ?? null,
      enabled: query.enabled ?? null,
      limit: query.limit + 1,
    });
    const page = jobs.slice(0, query.limit).map(jobSummary);
    const next = jobs.length > query.limit ? (page.at(-1)?.id ?? null) : null;
    return { body: { jobs: page, total: page.length, next_cursor: next } };
  },
});

const createJob = defineRoute({
  method: "POST",
  path: "/api/scheduler/jobs",
  tag,
  summary: "Create a job",
  description:
    "Runs an agent at the instants that its trigger names, each at most once. A trigger that can never fire is refused, and params that the agent does not take.",
  access: "operator",
  body: JobRequest,
  answer: JobDetail,
  answerStatuses: [201],
  problems: ["job_exists", "agent_not_found", "agent_retired", "agent_disabled", "invalid_params"],
  async handle({ body }, c) {
    const definition = await readDefinition(body, c);
    const id = body.id ?? `job-${randomKey()}`;
    const atMs = nowMs();
    const next = body.enabled ? nextFireAfter({ id, definition }, atMs) : null;
    const state = {
      definition,
      enabled: body.enabled,
      pausedNote: null,
      next,
      failuresFromMs: atMs,
    };
    if (!(await insertJob(c.env.DB, id, state, atMs))) {
      throw new ProblemError({ code: "job_exists", detail: `There is a job "${id}" already.` });
    }
    if (next !== null) await armTicker(c.env, next.dueAtMs);
    return { status: 201, ...(await detailOf(id, c, { Location: `/api/scheduler/jobs/${id}` })) };
  },
});

const getJob = defineRoute({
  method: "GET",
  path: "/api/scheduler/jobs/{id}",
  tag,
  summary: "Show a job with its next slots and what became of the last",
  access: "viewer",
  pathParams,
  answer: JobDetail,
  problems: ["job_not_found"],
  handle: ({ path }, c) => detailOf(path.id, c),
});

const patchJob = defineRoute({
  method: "PATCH",
  path: "/api/scheduler/jobs/{id}",
  tag,
  summary: "Change a job",
  description: "A schedule that is changed goes on from now. Runs that have begun go on as they are.",
  access: "operator",
  pathParams,
  conditional: true,
  body: JobPatch,
  answer: JobDetail,
  problems: ["job_not_found", "job_changed", "agent_not_found", "agent_retired", "agent_disabled", "invalid_params"],
  async handle({ path, body }, c) {
    await editJob(path.id, c, async (job) => {
      const enabled = body.enabled ?? job.enabled;
      return {
        definition: await patchDefinition(job.definition, body, c),
        enabled,
        pausedNote: enabled ? null : job.pausedNote,
      };
    });
    return detailOf(path.id, c);
  },
});

const deleteOneJob = defineRoute({
  method: "DELETE",
  path: "/api/scheduler/jobs/{id}",
  tag,
  summary: "Delete a job",
  description: "Its runs and its history stay. What waits for a run before it does not begin any more.",
  access: "operator",
  pathParams,
  conditional: true,
  answer: JobDeletedAnswer,
  problems: ["job_not_found", "job_changed"],
  async handle({ path: { id } }, c) {
    for (let looks = 1; looks <= MAX_JOB_LOOKS; looks++) {
      const job = await findJob(id, c);
      requireConditions(c, job.version);
      if (!(await deleteJob(c.env.DB, job))) continue;
      noteChange(c, { before: jobSummary(job), after: null });
      return { body: { success: true, job_id: id, message: `Job "${id}" is deleted.` } };
    }
    throw jobChanged(id);
  },
});

export const jobRoutes = [listAllJobs, createJob, getJob, patchJob, deleteOneJob];

async function detailOf(id: string, c: AppContext, headers: Record<string, string> = {}) {
  const job = await findJob(id, c);
  return { body: await jobDetail(c.env.DB, job), headers: { ...headers, ETag: entityTag(job.version) } };
}
