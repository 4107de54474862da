import type { JobDetail } from "../../contract/job.ts";
import { WEEKDAYS } from "../../contract/job-trigger.ts";
import { RECENT_FIRES } from "../../contract/limits.ts";
import { JobId } from "../../contract/names.ts";
import { listFires } from "../../store/job-fires.ts";
import type { AppContext } from "../app-context.ts";
import { findJob } from "../edit-job.ts";
import { jobDetail, jobFire } from "../job-view.ts";
import { ProblemError } from "../problems.ts";
import { timezoneOf } from "../schedule-preview.ts";
import { countOf, words } from "./format.ts";
import { JobForm } from "./job-form.tsx";
import { Backfill, Ledger } from "./job-slots.tsx";
import { JsonView } from "./json-view.tsx";
import { answerPage, mayDo } from "./layout.tsx";
import { SlotTable } from "./slot-table.tsx";
import { StatusPill } from "./status-pill.tsx";

/** One job: its next slots, what became of the last, and what may be done with it. */
export async function jobPage(c: AppContext): Promise<Response> {
  const id = JobId.safeParse(c.req.param("id"));
  if (!id.success) throw new ProblemError({ code: "job_not_found", detail: "There is no such job." });
  const before = Number(c.req.query("before") ?? Number.NaN);
  const [job, agents, older] = await Promise.all([
    findJob(id.data, c).then((found) => jobDetail(c.env.DB, found)),
    c.get("registry").list(c.env.DB),
    Number.isSafeInteger(before) ? listFires(c.env.DB, { jobId: id.data, before, limit: RECENT_FIRES }) : null,
  ]);
  const fires = older === null ? job.recent_history : older.map(jobFire);
  const mayEdit = mayDo(c, "operator");
  return answerPage(
    c,
    { title: job.name, section: "Schedule" },
    <>
      <Head job={job} mayEdit={mayEdit} />
      <div class="columns wide-right" data-live="schedule">
        <Facts job={job} />
        <section class="card flush">
          <h2>Next slots</h2>
          <SlotTable slots={job.next_runs} timezone={timezoneOf(job.trigger, job.timezone)} paused={!job.enabled} />
        </section>
      </div>
      <Ledger job={job} fires={fires} />
      {mayEdit && <Backfill job={job} />}
      {mayEdit && (
        <section class="card">
          <details id="edit-job">
            <summary>
              <strong>Change it</strong>
            </summary>
            <JobForm job={job} agentNames={agents.map(({ name }) => name)} />
          </details>
        </section>
      )}
    </>,
  );
}

function Facts({ job }: { job: JobDetail }) {
  const days = job.active_hours?.days ?? WEEKDAYS;
  return (
    <section class="card">
      <h2>What it does</h2>
      <dl class="facts-list">
        <dt>Schedule</dt>
        <dd>{job.schedule}</dd>
        <dt>Agent</dt>
        <dd>
          <a href={`/agents/${encodeURIComponent(job.agent)}`}>{job.agent}</a>
        </dd>
        <dt>Overlap</dt>
        <dd>{words(job.overlap)}</dd>
        {job.active_hours !== null && (
          <>
            <dt>Active</dt>
            <dd>
              {`${job.active_hours.from} to ${job.active_hours.to} (${job.active_hours.timezone})`}
              {days.length < WEEKDAYS.length && `, ${days.join(", ")}`}
            </dd>
          </>
        )}
        <dt>Late slots</dt>
        <dd>{`missed after ${job.misfire_grace_s} s; of several ${job.coalesce ? "the last fires" : "each fires"}`}</dd>
        {job.pause_after_failures !== null && (
          <>
            <dt>Pauses</dt>
            <dd>after {countOf(job.pause_after_failures, "failure")} in a row</dd>
          </>
        )}
        <dt>Params</dt>
        <dd>
          <JsonView value={job.params} label="Params" />
        </dd>
        <dt>Fired</dt>
        <dd>{countOf(job.fire_count, "time")}</dd>
        {job.paused_note !== null && (
          <>
            <dt>Paused</dt>
            <dd>{job.paused_note}</dd>
          </>
        )}
      </dl>
    </section>
  );
}

function Head({ job, mayEdit }: { job: JobDetail; mayEdit: boolean }) {
  const path = `/api/scheduler/jobs/${encodeURIComponent(job.id)}`;
  return (
    <div class="head">
      <div>
        <p class="crumb">
          <a href="/schedule">Schedule</a> / {job.id}
        </p>
        <div class="head-title">
          <h1>{job.name}</h1>
          <StatusPill status={job.status} />
        </div>
        <p class="muted">{job.description}</p>
      </div>
      {mayEdit && (
        <div class="actions">
          <button
            type="button"
            id="trigger"
            class="primary"
            data-action={`POST ${path}/trigger`}
            data-said="It has fired."
          >
            Fire now
          </button>
          {job.enabled ? (
            <button type="button" id="pause" data-action={`POST ${path}/pause`} data-said="It is paused.">
              Pause
            </button>
          ) : (
            <button type="button" id="resume" data-action={`POST ${path}/resume`} data-said="It goes on.">
              Resume
            </button>
          )}
          <button
            type="button"
            id="delete"
            class="danger"
            data-action={`DELETE ${path}`}
            data-confirm={`Delete the job "${job.name}"? Its runs and its history stay.`}
            data-go="/schedule"
          >
            Delete
          </button>
        </div>
      )}
    </div>
  );
}
