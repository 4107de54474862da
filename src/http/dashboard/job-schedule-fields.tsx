import type { JobDetail } from "../../contract/job.ts";
import { WEEKDAYS } from "../../contract/job-trigger.ts";
import { wallClock } from "../../core/schedule/local-time.ts";
import { timezoneOf } from "../schedule-preview.ts";
import { DateTimeField, SelectField, TextField } from "./job-fields.tsx";

/** When a job fires: what the preview beside it is made of. */
export function ScheduleFields({ job }: { job: JobDetail | null }) {
  const trigger = job?.trigger;
  const timezone = job === null ? "" : timezoneOf(job.trigger, job.timezone);
  return (
    <>
      <SelectField
        path="trigger.type"
        label="Fires"
        value={trigger?.type ?? "cron"}
        options={{ cron: "by a cron expression", interval: "every so many minutes", date: "once" }}
      />
      <div data-when="job-trigger-type=cron" hidden={trigger !== undefined && trigger.type !== "cron"}>
        <TextField
          path="trigger.expression"
          label="Cron expression"
          value={trigger?.type === "cron" ? trigger.expression : "0 9 * * mon-fri"}
          hint="Minute, hour, day of month, month, day of week."
        />
      </div>
      <div data-when="job-trigger-type=interval" hidden={trigger?.type !== "interval"}>
        <TextField
          path="trigger.minutes"
          label="Minutes"
          kind="number"
          value={trigger?.type === "interval" ? minutesOf(trigger) : ""}
        />
        <TextField
          path="trigger.start"
          label="Counted from"
          value={trigger?.type === "interval" ? (trigger.start ?? "") : ""}
          hint="An instant like 2026-12-24T18:00:00Z. Left empty: whole intervals of the clock."
        />
      </div>
      <div data-when="job-trigger-type=date" hidden={trigger?.type !== "date"}>
        <DateTimeField
          path="trigger.run_date"
          label="When, in the timezone below"
          kind="local"
          value={trigger?.type === "date" ? localOf(trigger.run_date, timezone) : ""}
        />
      </div>
      <TextField path="timezone" label="Timezone" value={timezone} viewerTimezone={job === null} />
      <DaylightFields job={job} />
      <HoursFields job={job} />
    </>
  );
}

function DaylightFields({ job }: { job: JobDetail | null }) {
  const cron = job?.trigger.type === "cron" ? job.trigger : null;
  return (
    <div data-when="job-trigger-type=cron" hidden={job !== null && cron === null}>
      <details id="job-daylight">
        <summary class="small">When the clock is put forward or back</summary>
        <div class="grid-form">
          <SelectField
            path="trigger.gap"
            label="A time it jumps over"
            value={cron?.gap ?? "shift"}
            options={{ shift: "fires later, by the jump", skip: "does not fire" }}
          />
          <SelectField
            path="trigger.overlap_hour"
            label="A time it shows twice"
            value={cron?.overlap_hour ?? "first"}
            options={{ first: "fires the first time", both: "fires both times" }}
          />
          <SelectField
            path="trigger.day_match"
            label="Day of month and of week"
            value={cron?.day_match ?? "either"}
            options={{ either: "either fits", both: "both must fit" }}
          />
        </div>
      </details>
    </div>
  );
}

function HoursFields({ job }: { job: JobDetail | null }) {
  const hours = job?.active_hours ?? null;
  return (
    <>
      <SelectField
        path="active_hours"
        label="Active"
        kind="json"
        value={hours === null ? "null" : ""}
        options={{ null: "at all hours", "": "in these hours only" }}
      />
      <div data-when="job-active_hours=" hidden={hours === null}>
        <div class="grid-form">
          <TextField path="active_hours.from" label="From" value={hours?.from ?? "08:00"} hint="Included." />
          <TextField path="active_hours.to" label="To" value={hours?.to ?? "18:00"} hint="Not included." />
        </div>
        <TextField
          path="active_hours.days"
          label="On"
          kind="words"
          value={(hours?.days ?? WEEKDAYS).join(", ")}
          hint="A slot outside is recorded and does not fire."
        />
        {hours !== null && (
          <TextField path="active_hours.timezone" label="Timezone of these hours" value={hours.timezone} />
        )}
      </div>
    </>
  );
}

/** As a field for date and time has it: what the clock on the wall shows, without an offset. */
function localOf(instant: string, timezone: string): string {
  return wallClock(timezone, Date.parse(instant)).slice(0, 19).replace(" ", "T");
}

function minutesOf(units: Partial<Record<"weeks" | "days" | "hours" | "minutes" | "seconds", number | undefined>>) {
  const { weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0 } = units;
  return String(((weeks * 7 + days) * 24 + hours) * 60 + minutes + seconds / 60);
}
