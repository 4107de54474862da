import * as z from "zod";
import { JobFire, OverlapPolicy } from "./job-fire.ts";
import { ActiveHours, ActiveHoursRequest, JobTrigger, Timezone, TriggerRequest } from "./job-trigger.ts";
import {
  DEFAULT_MISFIRE_GRACE_S,
  DEFAULT_PAGE_JOBS,
  MAX_AGENT_TEXT_CHARS,
  MAX_DISPLAY_NAME_CHARS,
  MAX_FAILURES_IN_A_ROW,
  MAX_JITTER_S,
  MAX_JOB_FIRES,
  MAX_MISFIRE_GRACE_S,
  MAX_PAGE_JOBS,
  MAX_TAG_CHARS,
  MAX_TAGS,
} from "./limits.ts";
import { AgentName, JobId } from "./names.ts";
import { PreviewSlot } from "./schedule-preview.ts";

const Instant = z.iso.datetime();
const InstantSent = z.iso.datetime({ offset: true });

/** What a caller sets of a job, but for what its schedule is made of. */
const settings = {
  name: z.string().trim().min(1).max(MAX_DISPLAY_NAME_CHARS),
  description: z.string().max(MAX_AGENT_TEXT_CHARS),
  agent: AgentName,
  params: z.record(z.string(), z.unknown()).meta({ description: "The runs' input; the agent must take it." }),
  timezone: Timezone,
  overlap: OverlapPolicy,
  misfire_grace_s: z.int().min(1).max(MAX_MISFIRE_GRACE_S).meta({
    description: "A slot that nobody comes to within so many seconds is missed.",
  }),
  coalesce: z.boolean().meta({ description: "Of several slots that are late, fire only the last." }),
  jitter_s: z.int().min(0).max(MAX_JITTER_S).meta({
    description: "Fire up to so many seconds after the slot, never before; the same of a slot whoever asks.",
  }),
  start_at: InstantSent.nullable().meta({ description: "No slots before." }),
  end_at: InstantSent.nullable().meta({ description: "No slots after." }),
  max_fires: z.int().min(1).max(MAX_JOB_FIRES).nullable().meta({ description: "The job is finished after so many." }),
  pause_after_failures: z.int().min(1).max(MAX_FAILURES_IN_A_ROW).nullable().meta({
    description:
      "Pause the job at its next slot after so many runs in a row have failed, timed out or been interrupted.",
  }),
  tags: z.array(z.string().min(1).max(MAX_TAG_CHARS)).max(MAX_TAGS),
};

/** A job as it is stored. */
export const JobDefinition = z.object({
  ...settings,
  trigger: JobTrigger,
  active_hours: ActiveHours.nullable(),
});
export type JobDefinition = z.output<typeof JobDefinition>;

export const JobRequest = z
  .strictObject({
    id: JobId.optional().meta({ description: "Left out: a new one." }),
    ...settings,
    description: settings.description.default(""),
    params: settings.params.default({}),
    trigger: TriggerRequest,
    timezone: settings.timezone.default("UTC"),
    enabled: z.boolean().default(true),
    overlap: settings.overlap.default("skip"),
    misfire_grace_s: settings.misfire_grace_s.default(DEFAULT_MISFIRE_GRACE_S),
    coalesce: settings.coalesce.default(true),
    jitter_s: settings.jitter_s.default(0),
    start_at: settings.start_at.default(null),
    end_at: settings.end_at.default(null),
    max_fires: settings.max_fires.default(null),
    active_hours: ActiveHoursRequest.default(null),
    pause_after_failures: settings.pause_after_failures.default(null),
    tags: settings.tags.default([]),
  })
  .meta({ id: "JobRequest" });
export type JobRequest = z.output<typeof JobRequest>;

export const JobPatch = z
  .strictObject({ ...settings, trigger: TriggerRequest, active_hours: ActiveHoursRequest, enabled: z.boolean() })
  .partial()
  .meta({ id: "JobPatch", description: "What is left out stays. `params` is replaced as a whole." });
export type JobPatch = z.output<typeof JobPatch>;

export const JobStatus = z.enum(["scheduled", "running", "paused", "finished"]).meta({
  id: "JobStatus",
  description: "`running`: a run of it has not ended. `finished`: no slot is left.",
});
export type JobStatus = z.infer<typeof JobStatus>;

export const JobSummary = JobDefinition.extend({
  id: z.string(),
  enabled: z.boolean(),
  paused_note: z.string().nullable(),
  status: JobStatus,
  schedule: z.string().meta({ description: "The trigger in words." }),
  next_run: Instant.nullable().meta({ description: "The next slot." }),
  last_run: Instant.nullable().meta({ description: "When it last fired." }),
  fire_count: z.int().meta({ description: "Slots that have fired." }),
  version: z.int(),
  created_at: Instant,
  updated_at: Instant,
}).meta({ id: "JobSummary" });
export type JobSummary = z.input<typeof JobSummary>;

export const JobDetail = JobSummary.extend({
  next_runs: z.array(PreviewSlot),
  recent_history: z.array(JobFire),
}).meta({ id: "Job" });
export type JobDetail = z.input<typeof JobDetail>;

export const JobListQuery = z.strictObject({
  agent: AgentName.optional(),
  enabled: z
    .enum(["true", "false"])
    .transform((value) => value === "true")
    .optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_JOBS).default(DEFAULT_PAGE_JOBS),
  cursor: JobId.optional().meta({ description: "`next_cursor` of the page before." }),
});

export const JobList = z
  .object({
    jobs: z.array(JobSummary).meta({ description: "In the order of their ids." }),
    total: z.int().meta({ description: "How many this page holds." }),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: "JobList" });

export const PauseRequest = z
  .strictObject({ note: z.string().max(MAX_AGENT_TEXT_CHARS).optional().meta({ description: "Why." }) })
  .meta({ id: "PauseRequest" });

export const JobChangeAnswer = z
  .object({ success: z.boolean(), job_id: z.string(), message: z.string(), job: JobDetail })
  .meta({ id: "JobChangeAnswer" });

export const JobDeletedAnswer = z
  .object({ success: z.boolean(), job_id: z.string(), message: z.string() })
  .meta({ id: "JobDeletedAnswer" });

export const ExampleJobsAnswer = z
  .object({ success: z.boolean(), created: z.array(z.string()), message: z.string() })
  .meta({ id: "ExampleJobsAnswer" });
