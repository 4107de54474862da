import type { JobDetail } from "../../contract/job.ts";
import { OVERLAP_POLICIES } from "../../contract/job-fire.ts";
import { DEFAULT_MISFIRE_GRACE_S } from "../../contract/limits.ts";
import { words } from "./format.ts";
import { SelectField, TextField } from "./job-fields.tsx";
import { ScheduleFields } from "./job-schedule-fields.tsx";
import { JsonField } from "./schema-field.tsx";

/** Creates a job, or changes one; with what the schedule would do beside it as it is being written. */
export function JobForm({ job, agentNames }: { job: JobDetail | null; agentNames: readonly string[] }) {
  const send = job === null ? "POST /api/scheduler/jobs" : `PATCH /api/scheduler/jobs/${encodeURIComponent(job.id)}`;
  const agent = job?.agent ?? agentNames[0] ?? "";
  const names = agentNames.includes(agent) ? agentNames : [agent, ...agentNames];
  return (
    <form data-send={send} data-go="/schedule/{id}" novalidate>
      <p class="form-problem" role="alert" data-problem="" />
      <div class="columns">
        <div>
          <TextField path="name" label="Name" value={job?.name ?? ""} required="Give it a name." />
          <TextField path="description" label="What for" value={job?.description ?? ""} empty={'""'} />
          <SelectField
            path="agent"
            label="Agent"
            value={agent}
            options={Object.fromEntries(names.map((name) => [name, name]))}
          />
          <JsonField
            id="job-params"
            path="params"
            label="Params (a JSON object)"
            empty="{}"
            value={job === null ? "" : JSON.stringify(job.params, null, 2)}
          />
          <SelectField
            path="overlap"
            label="While its last run goes on"
            value={job?.overlap ?? "skip"}
            options={Object.fromEntries(OVERLAP_POLICIES.map((policy) => [policy, words(policy)]))}
          />
          <PolicyFields job={job} />
        </div>
        <div>
          <ScheduleFields job={job} />
          <div class="preview" data-preview="">
            <p class="label" data-says="" role="status" />
            <ol class="small" />
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

function PolicyFields({ job }: { job: JobDetail | null }) {
  const text = (value: number | null | undefined) => (value === null || value === undefined ? "" : String(value));
  return (
    <details id="job-policy">
      <summary class="small">Late slots, failures and an end</summary>
      <div class="grid-form">
        <TextField
          path="misfire_grace_s"
          label="Seconds a slot may be late"
          kind="number"
          value={text(job?.misfire_grace_s ?? DEFAULT_MISFIRE_GRACE_S)}
          hint="After them it is missed."
        />
        <SelectField
          path="coalesce"
          label="Of several late slots"
          kind="boolean"
          value={String(job?.coalesce ?? true)}
          options={{ true: "the last fires", false: "each fires" }}
        />
        <TextField path="jitter_s" label="Seconds of jitter" kind="number" value={text(job?.jitter_s ?? 0)} />
        <TextField
          path="pause_after_failures"
          label="Pause after failures in a row"
          kind="number"
          value={text(job?.pause_after_failures)}
          hint="Left empty: never."
          empty="null"
        />
        <TextField
          path="max_fires"
          label="Finished after fires"
          kind="number"
          value={text(job?.max_fires)}
          hint="Left empty: never."
          empty="null"
        />
      </div>
    </details>
  );
}
