import * as z from "zod";
import { ActiveHoursRequest, JobTrigger, Timezone, TriggerRequest } from "./job-trigger.ts";
import { DEFAULT_PREVIEW_SLOTS, MAX_PREVIEW_SLOTS } from "./limits.ts";

/** A schedule that is not stored, to be looked at. */
export const PreviewRequest = z.strictObject({
  trigger: TriggerRequest,
  timezone: Timezone.default("UTC"),
  start_at: z.iso.datetime({ offset: true }).nullable().default(null),
  end_at: z.iso.datetime({ offset: true }).nullable().default(null),
  active_hours: ActiveHoursRequest.default(null),
});
export type PreviewRequest = z.output<typeof PreviewRequest>;

export const PreviewQuery = z.strictObject({
  count: z.coerce.number().int().min(1).max(MAX_PREVIEW_SLOTS).default(DEFAULT_PREVIEW_SLOTS),
});

/** The same in a URL. */
export const PreviewUrlQuery = z.strictObject({
  trigger: z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: "custom", message: "must be JSON, as a job has it" });
        return z.NEVER;
      }
    })
    .pipe(TriggerRequest)
    .meta({ description: "JSON, as a job has it.", example: '{"type": "cron", "expression": "0 9 * * mon-fri"}' }),
  timezone: PreviewRequest.shape.timezone,
  count: PreviewQuery.shape.count,
});

/** An instant at which a job is to fire. */
export const PreviewSlot = z.object({
  at: z.iso.datetime(),
  local: z
    .string()
    .meta({ description: "What the clock of the timezone shows.", example: "2026-11-27 09:00:00-05:00" }),
  mark: z
    .enum(["gap_shifted", "overlap_first", "overlap_second"])
    .nullable()
    .meta({ description: "What daylight saving has to do with it." }),
  active: z.boolean().meta({ description: "Whether the active hours let it fire." }),
});
export type PreviewSlot = z.output<typeof PreviewSlot>;

export const SchedulePreview = z
  .object({
    trigger: JobTrigger,
    description: z.string().meta({ example: "At 09:00 on Monday to Friday (America/New_York)" }),
    slots: z.array(PreviewSlot),
  })
  .meta({ id: "SchedulePreview" });
