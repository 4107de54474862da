import * as z from "zod";
import { MAX_CRON_CHARS, MAX_INTERVAL_S, MAX_TIMEZONE_CHARS } from "./limits.ts";

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export const Timezone = z.string().min(1).max(MAX_TIMEZONE_CHARS).meta({
  description: "An IANA name: daylight saving is kept. UTC unless said.",
  example: "America/New_York",
});

const CronExpression = z.string().trim().min(1).max(MAX_CRON_CHARS).meta({
  description:
    "Minute, hour, day of month, month, day of week (Sunday = 0 or 7, or names); with six fields, seconds come first. `L`, `W`, `#` and @daily and its like are understood.",
  example: "*/15 9-17 * * mon-fri",
});

/** Both are about expressions that name hours. One that fires in every hour goes by elapsed time and never notices. */
const DaylightSaving = {
  gap: z
    .enum(["shift", "skip"])
    .default("shift")
    .meta({ description: "A time that the clock jumps over: as much later as it jumped (02:30 as 03:30), or not." }),
  overlap_hour: z
    .enum(["first", "both"])
    .default("first")
    .meta({ description: "A time that the clock shows twice: fire the first time only, or both times." }),
};

/** One field in APScheduler's form: a number or a text. */
const Field = z.union([z.int().min(0), z.string().trim().min(1).max(MAX_CRON_CHARS)]).optional();

/** As APScheduler has them: bare weekday numbers count from Monday = 0, and both kinds of day must match. */
const cronFields = { month: Field, day: Field, day_of_week: Field, hour: Field, minute: Field, second: Field };
export const CronFields = z.strictObject(cronFields);
export type CronFields = z.output<typeof CronFields>;

const Units = {
  weeks: z.number().min(0).optional(),
  days: z.number().min(0).optional(),
  hours: z.number().min(0).optional(),
  minutes: z.number().min(0).optional(),
  seconds: z.number().min(0).optional(),
};
type IntervalUnits = { [unit in keyof typeof Units]?: number | undefined };

const MS = { weeks: 604_800_000, days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1_000 } as const;

/** The units added up. */
export function intervalMs(units: IntervalUnits): number {
  return Object.entries(MS).reduce((sum, [unit, unitMs]) => sum + (units[unit as keyof typeof MS] ?? 0) * unitMs, 0);
}

const wholeSeconds = [
  (units: IntervalUnits) => {
    const ms = intervalMs(units);
    return ms >= 1_000 && ms <= MAX_INTERVAL_S * 1_000 && ms % 1_000 === 0;
  },
  `must add up to whole seconds, from 1 to ${MAX_INTERVAL_S}`,
] as const;

const Instant = z.iso.datetime({ offset: true }).meta({ example: "2026-12-24T18:00:00Z" });
/** With an offset or `Z` an instant; without one, what the clock on the wall of the timezone shows. */
const InstantOrLocal = z.iso.datetime({ offset: true, local: true }).meta({ example: "2026-12-24T18:00:00" });

export const CronTrigger = z.strictObject({
  type: z.literal("cron"),
  expression: CronExpression,
  day_match: z.enum(["either", "both"]).default("either").meta({
    description: "Where day of month and day of week are both restricted: crontab wants either, others both.",
  }),
  timezone: Timezone,
  ...DaylightSaving,
});
export type CronTrigger = z.output<typeof CronTrigger>;

const INTERVAL_DESCRIPTION = "The first slot; others are whole intervals from it. 1970-01-01T00:00:00Z unless said.";
export const IntervalTrigger = z
  .strictObject({
    type: z.literal("interval"),
    ...Units,
    start: Instant.optional().meta({ description: INTERVAL_DESCRIPTION }),
  })
  .refine(...wholeSeconds);
export type IntervalTrigger = z.output<typeof IntervalTrigger>;

export const DateTrigger = z.strictObject({ type: z.literal("date"), run_date: Instant, timezone: Timezone });
export type DateTrigger = z.output<typeof DateTrigger>;

/** A trigger as it is stored and shown; what is sent may have fewer words: see TriggerRequest. */
export const JobTrigger = z
  .discriminatedUnion("type", [CronTrigger, IntervalTrigger, DateTrigger])
  .meta({ id: "JobTrigger" });
export type JobTrigger = z.output<typeof JobTrigger>;

const cronRequest = {
  expression: CronExpression.optional(),
  day_match: z.enum(["either", "both"]).optional(),
  timezone: Timezone.optional(),
  ...DaylightSaving,
};
const dateRequest = { run_date: InstantOrLocal, timezone: Timezone.optional() };
const intervalRequest = { ...Units, start: InstantOrLocal.optional(), timezone: Timezone.optional() };

/** A trigger as it is sent: `readTrigger` of core/schedule makes the stored form of it. */
export const TriggerRequest = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("cron"), ...cronRequest, fields: CronFields.optional(), ...cronFields }),
    z.strictObject({ type: z.literal("interval"), ...intervalRequest }).refine(...wholeSeconds),
    z.strictObject({ type: z.literal("date"), ...dateRequest }),
  ])
  .meta({ id: "TriggerRequest" });
export type TriggerRequest = z.output<typeof TriggerRequest>;

/** The body of `PUT …/schedule` in the system that this one replaces: the same words, with the type under `trigger`. */
export const ScheduleRequest = z
  .discriminatedUnion("trigger", [
    z.strictObject({ trigger: z.literal("cron"), ...cronRequest, ...cronFields }),
    z.strictObject({ trigger: z.literal("interval"), ...intervalRequest }).refine(...wholeSeconds),
    z.strictObject({ trigger: z.literal("date"), ...dateRequest }),
  ])
  .transform(({ trigger, ...words }) => ({ type: trigger, ...words }) as TriggerRequest)
  .meta({ id: "ScheduleRequest" });

const TimeOfDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, { error: 'must be a time like "09:30"' });

/** When a job's slots may fire. A slot outside is recorded as skipped. */
export const ActiveHours = z
  .strictObject({
    days: z
      .array(z.enum(WEEKDAYS))
      .min(1)
      .max(7)
      .default([...WEEKDAYS]),
    from: TimeOfDay.meta({ description: "Included.", example: "09:30" }),
    to: TimeOfDay.meta({
      description: "Not included. Not after `from`: on the next day, and `days` are those on which it began.",
      example: "16:00",
    }),
    timezone: Timezone,
  })
  .meta({ id: "ActiveHours" });
export type ActiveHours = z.output<typeof ActiveHours>;

export const ActiveHoursRequest = ActiveHours.partial({ timezone: true }).nullable().meta({
  id: "ActiveHoursRequest",
  description: "In the job's timezone unless said.",
});
