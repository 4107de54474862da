import * as z from "zod";
import { DEFAULT_PAGE_FIRES, MAX_BACKFILL_SLOTS, MAX_COUNTED_SLOTS, MAX_PAGE_FIRES } from "./limits.ts";
import { JobId } from "./names.ts";
import { RunStatus } from "./run.ts";

const Instant = z.iso.datetime();

export const OVERLAP_POLICIES = ["skip", "buffer_one", "buffer_all", "cancel_other", "allow_all"] as const;
export const OverlapPolicy = z.enum(OVERLAP_POLICIES).meta({
  id: "OverlapPolicy",
  description:
    "What a fire does while a run of its job has not ended: nothing; wait for it, one or many; cancel it and wait for that; start beside it.",
});
export type OverlapPolicy = z.infer<typeof OverlapPolicy>;

export const FireKind = z.enum(["scheduled", "manual", "backfill"]).meta({ id: "FireKind" });
export type FireKind = z.infer<typeof FireKind>;

export const FireOutcome = z
  .enum([
    "fired",
    "buffered",
    "skipped_overlap",
    "skipped_inactive",
    "skipped_paused",
    "missed",
    "coalesced",
    "rejected",
  ])
  .meta({
    id: "FireOutcome",
    description:
      "`fired` without a `run_id`: its run is about to begin. `buffered`: it waits for the run before it. `missed`: nobody came to it within its grace. `coalesced`: a later slot stood for it. `skipped_paused`: it passed while the job was paused. `rejected`: the agent refused the run, as `problem` says.",
  });
export type FireOutcome = z.infer<typeof FireOutcome>;

export const JobFire = z
  .object({
    job_id: z.string(),
    nominal_at: Instant.meta({ description: "The slot: what the schedule says. Of a manual fire: when it was asked." }),
    kind: FireKind,
    outcome: FireOutcome,
    run_id: z.int().nullable(),
    run_status: RunStatus.nullable(),
    duration_ms: z.int().nullable().meta({ description: "Of the run." }),
    problem: z.string().nullable().meta({ description: "Why the run was refused, or could not begin yet." }),
    coalesced: z.int().meta({
      description: `Earlier slots that this stands for. Of \`skipped_paused\` they have no record of their own, and at most ${MAX_COUNTED_SLOTS} are counted.`,
    }),
    fired_at: Instant.meta({ description: "When the outcome was decided." }),
  })
  .meta({ id: "JobFire" });
export type JobFire = z.infer<typeof JobFire>;

export const FireListQuery = z.strictObject({
  job_id: JobId.optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_FIRES).default(DEFAULT_PAGE_FIRES),
  cursor: z.string().optional().meta({ description: "`next_cursor` of the page before." }),
});

export const FirePage = z
  .object({
    history: z.array(JobFire).meta({
      description: "Of one job: by slot, newest first. Of all jobs: in the order in which they were decided.",
    }),
    total: z.int().meta({ description: "How many this page holds." }),
    filters: z.object({ job_id: z.string().nullable(), limit: z.int() }),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: "FirePage" });

export const TriggerJobRequest = z
  .strictObject({
    params: z.record(z.string(), z.unknown()).optional().meta({ description: "Instead of the job's own." }),
    overlap: OverlapPolicy.optional().meta({ description: "Instead of the job's own." }),
  })
  .meta({ id: "TriggerJobRequest" });

export const TriggerJobAnswer = z
  .object({
    success: z.boolean().meta({ description: "Whether a run began, or waits for the one before it." }),
    job_id: z.string(),
    run_id: z.int().nullable(),
    fire: JobFire,
    message: z.string(),
  })
  .meta({ id: "TriggerJobAnswer" });

export const BackfillRequest = z
  .strictObject({
    from: z.iso.datetime({ offset: true }).meta({ description: "Slots at this instant or later." }),
    to: z.iso.datetime({ offset: true }).meta({ description: "Slots at this instant or earlier, and none to come." }),
  })
  .refine(({ from, to }) => Date.parse(from) <= Date.parse(to), { path: ["to"], message: "must not be before from" })
  .meta({ id: "BackfillRequest" });

export const BackfillAnswer = z
  .object({
    success: z.boolean(),
    job_id: z.string(),
    slots: z.int().meta({ description: `Slots of the range, at most ${MAX_BACKFILL_SLOTS}.` }),
    fired: z.int().meta({ description: "Those that this request fires. The others have fired before, or wait." }),
    message: z.string(),
  })
  .meta({ id: "BackfillAnswer" });
