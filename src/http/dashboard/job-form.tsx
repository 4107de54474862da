import type { JobDetail } from "../../contract/job.ts";
import { OVERLAP_POLICIES } from "../../contract/job-fire.ts";
import { words } from "./format.ts";
import { Field, JsonField } from "./schema-field.tsx";

/** Creates a job, or changes one; with what the schedule would do beside it as it is being written. */
export function JobForm({ job, agentNames }: { job: JobDetail | null; agentNames: readonly string[] }) {
  const send = job === null ? "POST /api/scheduler/jobs" : `PATCH /api/scheduler/jobs/${encodeURIComponent(job.id)}`;
  return (
    <form data-send={send} data-go="/schedule/{id}" novalidate>
      <p class="form-problem" role="alert" data-problem="" />
      <div class="columns">
        <div>
          <TextField path="name" label="Name" value={job?.name ?? ""} />
          <Field id="job-agent" label="Agent">
            <select id="job-agent" data-path="agent" aria-describedby="job-agent-problem">
              {agentNames.map((name) => (
                <option value={name} selected={name === job?.agent}>
                  {name}
                </option>
              ))}
            </select>
          </Field>
          <JsonField
            id="job-params"
            path="params"
            label="Params (a JSON object)"
            value={job === null ? "" : JSON.stringify(job.params, null, 2)}
          />
          <Field id="job-overlap" label="While its last run goes on">
            <select id="job-overlap" data-path="overlap" aria-describedby="job-overlap-problem">
              {OVERLAP_POLICIES.map((policy) => (
                <option value={policy} selected={policy === (job?.overlap ?? "skip")}>
                  {words(policy)}
                </option>
              ))}
            </select>
          </Field>
        </div>
        <div>
          <Trigger job={job} />
          <div data-preview="">
            <p class="label" data-says="" role="status" />
            <ol class="small muted" />
          </div>
        </div>
      </div>
      <p class="actions">
        <button type="submit" class="primary">
          {job === null ? "Create the job" : "Save"}
        </button>
      </p>
    </form>
  );
}

function Trigger({ job }: { job: JobDetail | null }) {
  const trigger = job?.trigger;
  const minutes = trigger?.type === "interval" ? minutesOf(trigger) : "";
  return (
    <>
      <Field id="job-type" label="Fires">
        <select id="job-type" data-path="trigger.type" aria-describedby="job-type-problem">
          <option value="cron">by a cron expression</option>
          <option value="interval" selected={trigger?.type === "interval"}>
            every so many minutes
          </option>
          <option value="date" selected={trigger?.type === "date"}>
            once
          </option>
        </select>
      </Field>
      <div data-when="job-type=cron" hidden={trigger !== undefined && trigger.type !== "cron"}>
        <TextField
          path="trigger.expression"
          label="Cron expression"
          value={trigger?.type === "cron" ? trigger.expression : "0 9 * * mon-fri"}
          hint="Minute, hour, day of month, month, day of week."
        />
      </div>
      <div data-when="job-type=interval" hidden={trigger?.type !== "interval"}>
        <TextField path="trigger.minutes" label="Minutes" kind="number" value={minutes} />
      </div>
      <div data-when="job-type=date" hidden={trigger?.type !== "date"}>
        <Field id="job-trigger-run_date" label="When, in the timezone below">
          <input
            id="job-trigger-run_date"
            type="datetime-local"
            data-path="trigger.run_date"
            data-kind="local"
            aria-describedby="job-trigger-run_date-problem"
          />
        </Field>
      </div>
      <TextField path="timezone" label="Timezone" value={job?.timezone ?? ""} viewerTimezone={job === null} />
    </>
  );
}

function TextField(props: {
  path: string;
  label: string;
  value: string;
  kind?: string;
  hint?: string;
  viewerTimezone?: boolean;
}) {
  const id = `job-${props.path.replaceAll(".", "-")}`;
  return (
    <Field id={id} label={props.label} hint={props.hint}>
      <input
        id={id}
        data-path={props.path}
        data-kind={props.kind ?? "text"}
        data-viewer-timezone={props.viewerTimezone ? "" : undefined}
        value={props.value}
        autocomplete="off"
        aria-describedby={`${id}-hint ${id}-problem`}
      />
    </Field>
  );
}

function minutesOf(units: Partial<Record<"weeks" | "days" | "hours" | "minutes" | "seconds", number | undefined>>) {
  const { weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0 } = units;
  return String(((weeks * 7 + days) * 24 + hours) * 60 + minutes + seconds / 60);
}
