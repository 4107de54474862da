import type * as z from "zod";
import { nowMs } from "../clock.ts";
import type { ActiveHours, JobTrigger } from "../contract/job-trigger.ts";
import {
  PreviewQuery,
  PreviewRequest,
  type PreviewSlot,
  PreviewUrlQuery,
  SchedulePreview,
} from "../contract/schedule-preview.ts";
import { complaintAboutActiveHours, isActive } from "../core/schedule/active-hours.ts";
import { complaintAboutSchedule } from "../core/schedule/complaint.ts";
import { describeTrigger } from "../core/schedule/describe-trigger.ts";
import { wallClock } from "../core/schedule/local-time.ts";
import { readTrigger } from "../core/schedule/read-trigger.ts";
import { type Slot, slotsBetween } from "../core/schedule/slots.ts";
import { invalidFields } from "./problems.ts";
import { defineRoute } from "./route.ts";

const common = {
  path: "/api/scheduler/preview",
  tag: "Scheduler",
  summary: "The next instants of a schedule that is not stored",
  description:
    "What a job with this schedule would do, with what daylight saving and the active hours make of each instant. Nothing is changed.",
  access: "viewer",
  answer: SchedulePreview,
  problems: [],
} as const;

const previewSchedule = defineRoute({
  ...common,
  method: "POST",
  query: PreviewQuery,
  body: PreviewRequest,
  handle: async ({ query, body }) => ({ body: preview(body, query.count) }),
});

const previewScheduleOfUrl = defineRoute({
  ...common,
  method: "GET",
  query: PreviewUrlQuery,
  async handle({ query: { count, ...schedule } }) {
    return { body: preview({ ...schedule, start_at: null, end_at: null, active_hours: null }, count) };
  },
});

export const schedulePreviewRoutes = [previewSchedule, previewScheduleOfUrl];

/** Throws `invalid_request` where there is no such schedule, or none that ever fires. */
function preview(asked: PreviewRequest, count: number): z.input<typeof SchedulePreview> {
  const read = readTrigger(asked.trigger, asked.timezone);
  if (!read.ok) throw invalidFields([{ field: "trigger", reason: read.complaint }]);
  const { trigger } = read;
  const timezone = timezoneOf(trigger, asked.timezone);
  const sent = asked.active_hours;
  const hours = sent === null ? null : { ...sent, timezone: sent.timezone ?? asked.timezone };
  const hoursComplaint = hours === null ? null : complaintAboutActiveHours(hours);
  if (hoursComplaint !== null) throw invalidFields([{ field: "active_hours", reason: hoursComplaint }]);
  const instant = (at: string | null) => (at === null ? null : Date.parse(at));
  const schedule = { trigger, startAtMs: instant(asked.start_at), endAtMs: instant(asked.end_at) };
  const afterMs = nowMs();
  const complaint = complaintAboutSchedule(schedule, afterMs);
  if (complaint !== null) throw invalidFields([{ field: "trigger", reason: complaint }]);
  const slots = slotsBetween(schedule, { afterMs, untilMs: Number.MAX_SAFE_INTEGER, limit: count });
  return {
    trigger,
    description: describeTrigger(trigger),
    slots: slots.map((slot) => previewSlot(slot, { timezone, hours })),
  };
}

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
