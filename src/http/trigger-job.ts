import * as z from "zod";
import { nowMs } from "../clock.ts";
import { TriggerJobAnswer, TriggerJobRequest } from "../contract/job-fire.ts";
import { JobId } from "../contract/names.ts";
import { triggerJob } from "../scheduler/trigger-job.ts";
import type { FireRecord } from "../store/job-fires.ts";
import { findJob, jobChanged, jobNotFound } from "./edit-job.ts";
import { withRunnableAgent } from "./find-agent.ts";
import { identityOf } from "./idempotency.ts";
import { jobFire } from "./job-view.ts";
import { invalid, ProblemError } from "./problems.ts";
import { defineRoute } from "./route.ts";

export const triggerOneJob = defineRoute({
  method: "POST",
  path: "/api/scheduler/jobs/{id}/trigger",
  tag: "Scheduler",
  summary: "Fire a job now",
  description:
    "Also one that is paused. Its schedule goes on as it is. With an `Idempotency-Key` header a repeated request is answered with the fire of the first, and with `Idempotency-Replayed: true`; a key belongs to one job and lives as long as its fire is stored.",
  access: "operator",
  pathParams: { schema: z.object({ id: JobId }), absent: "job_not_found" },
  body: TriggerJobRequest,
  answer: TriggerJobAnswer,
  problems: [
    "job_not_found",
    "job_changed",
    "agent_not_found",
    "agent_retired",
    "agent_disabled",
    "invalid_params",
    "invalid_idempotency_key",
    "idempotency_mismatch",
  ],
  async handle({ path: { id }, body }, c) {
    const { definition } = await findJob(id, c);
    await withRunnableAgent(definition.agent, c, async (agent) => {
      const params = await agent.input.safeParseAsync(body.params ?? definition.params);
      if (!params.success) throw invalid("invalid_params", params.error, ["params"]);
    });
    const paramsJson = body.params === undefined ? null : JSON.stringify(body.params);
    const { requestKey, fingerprint } = await identityOf(c, `job:${id}`, body);
    const key = fingerprint === null ? null : { requestKey, fingerprint };
    // What comes of it is told with the route's own change.
    const context = { env: c.env, registry: c.get("registry"), nowMs, tell: () => {} };
    const triggered = await triggerJob(context, { jobId: id, paramsJson, overlap: body.overlap, key });
    switch (triggered.kind) {
      case "decided":
        return {
          body: triggerAnswer(triggered.fire),
          headers: triggered.replayed ? { "Idempotency-Replayed": "true" } : {},
        };
      case "no_job":
        throw jobNotFound(id);
      case "changed":
        throw jobChanged(id);
      case "mismatch":
        throw new ProblemError({
          code: "idempotency_mismatch",
          detail: `This Idempotency-Key has fired job "${id}" with another request.`,
        });
    }
  },
});

function triggerAnswer(fire: FireRecord) {
  const { jobId, outcome, runId } = fire;
  const success = outcome === "fired" || outcome === "buffered";
  const message = runId === null ? `Job "${jobId}": ${outcome}.` : `Job "${jobId}" fired as run ${runId}.`;
  return { success, job_id: jobId, run_id: runId, fire: jobFire(fire), message };
}
