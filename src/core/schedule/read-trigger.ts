import type { CronTrigger, JobTrigger, TriggerRequest } from "../../contract/job-trigger.ts";
import { expressionOfFields } from "./cron-fields.ts";
import { instantOfWall, isTimezone } from "./local-time.ts";

export type ReadTrigger = { ok: true; trigger: JobTrigger } | { ok: false; complaint: string };

/**
 * The stored form of a trigger as it was sent, in our words or those of the system that this one replaces.
 * `timezone` is for what names none. Whether it can fire is `complaintAboutSchedule`'s to judge.
 */
export function readTrigger(request: TriggerRequest, timezone: string): ReadTrigger {
  const zone = request.timezone ?? timezone;
  if (!isTimezone(zone)) return refuse(`expected an IANA timezone like Europe/London, got ${zone}`);
  switch (request.type) {
    case "cron":
      return readCron(request, zone);
    case "interval": {
      const { start, timezone: _zone, ...interval } = request;
      return { ok: true, trigger: start === undefined ? interval : { ...interval, start: instantOf(start, zone) } };
    }
    case "date":
      return { ok: true, trigger: { type: "date", run_date: instantOf(request.run_date, zone), timezone: zone } };
  }
}

type CronSent = Extract<TriggerRequest, { type: "cron" }>;

function readCron(sent: CronSent, timezone: string): ReadTrigger {
  const { month, day, day_of_week, hour, minute, second } = sent;
  const flat = Object.entries({ month, day, day_of_week, hour, minute, second }).filter(
    ([, value]) => value !== undefined,
  );
  const fields = { ...sent.fields, ...Object.fromEntries(flat) };
  const named = Object.keys(fields).length > 0;
  if (named === (sent.expression !== undefined)) {
    return refuse("give either an expression or fields such as hour and minute");
  }
  const stored = { type: "cron", timezone, gap: sent.gap, overlap_hour: sent.overlap_hour } as const;
  if (sent.expression !== undefined) {
    return cron({ ...stored, expression: sent.expression, day_match: sent.day_match ?? "either" });
  }
  const read = expressionOfFields(fields);
  return read.ok ? cron({ ...stored, expression: read.expression, day_match: sent.day_match ?? "both" }) : read;
}

function cron(trigger: CronTrigger): ReadTrigger {
  return { ok: true, trigger };
}

function refuse(complaint: string): ReadTrigger {
  return { ok: false, complaint };
}

/** Without an offset a text is what the wall of the zone shows. */
function instantOf(text: string, timezone: string): string {
  const hasOffset = /(?:Z|[+-]\d\d:\d\d)$/.test(text);
  return new Date(hasOffset ? Date.parse(text) : instantOfWall(timezone, Date.parse(`${text}Z`))).toISOString();
}
