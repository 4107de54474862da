import { nowMs } from "../clock.ts";
import type { ActiveHours, JobTrigger } from "../contract/job-trigger.ts";
import { PreviewQuery, PreviewRequest, type PreviewSlot, SchedulePreview } from "../contract/schedule-preview.ts";
import { complaintAboutActiveHours, isActive } from "../core/schedule/active-hours.ts";
import { complaintAboutSchedule } from "../core/schedule/complaint.ts";
import { describeTrigger } from "../core/schedule/describe-trigger.ts";
import { wallClock } from "../core/schedule/local-time.ts";
import { readTrigger } from "../core/schedule/read-trigger.ts";
import { type Slot, slotsBetween } from "../core/schedule/slots.ts";
import { invalidFields } from "./problems.ts";
import { defineRoute } from "./route.ts";

const previewSchedule = defineRoute({
  method: "POST",
  path: "/api/scheduler/preview",
  tag: "Scheduler",
  summary: "The next instants of a schedule that is not stored",
  description:
    "What a job with this schedule would do, with what daylight saving and the active hours make of each instant. Nothing is changed.",
  access: "viewer",
  query: PreviewQuery,
  body: PreviewRequest,
  answer: SchedulePreview,
  problems: [],
  async handle({ query, body }) {
    const read = readTrigger(body.trigger, body.timezone);
    if (!read.ok) throw invalidFields([{ field: "trigger", reason: read.complaint }]);
    const hours =
      body.active_hours === null
        ? null
        : { ...body.active_hours, timezone: body.active_hours.timezone ?? body.timezone };
    const hoursComplaint = hours === null ? null : complaintAboutActiveHours(hours);
    if (hoursComplaint !== null) throw invalidFields([{ field: "active_hours", reason: hoursComplaint }]);
    const schedule = {
      trigger: read.trigger,
      startAtMs: body.start_at === null ? null : Date.parse(body.start_at),
      endAtMs: body.end_at === null ? null : Date.parse(body.end_at),
    };
    const now = nowMs();
    const complaint = complaintAboutSchedule(schedule, now);
    if (complaint !== null) throw invalidFields([{ field: "trigger", reason: complaint }]);
    const slots = slotsBetween(schedule, { afterMs: now, untilMs: Number.MAX_SAFE_INTEGER, limit: query.count });
    return {
      body: {
        trigger: read.trigger,
        description: describeTrigger(read.trigger),
        slots: slots.map((slot) => previewSlot(slot, { timezone: timezoneOf(read.trigger, body.timezone), hours })),
      },
    };
  },
});

export const schedulePreviewRoutes = [previewSchedule];

/** A slot as a person is shown it. */
export function previewSlot(
  { nominalAtMs, mark }: Slot,
  { timezone, hours }: { timezone: string; hours: ActiveHours | null },
): PreviewSlot {
  return {
    at: new Date(nominalAtMs).toISOString(),
    local: wallClock(timezone, nominalAtMs),
    mark,
    active: hours === null || isActive(hours, nominalAtMs),
  };
}

export function timezoneOf(trigger: Pick<JobTrigger, "type"> & { timezone?: string }, timezone: string): string {
  return trigger.timezone ?? timezone;
}
