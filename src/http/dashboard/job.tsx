import type { JobDetail } from "../../contract/job.ts";
import { JobId } from "../../contract/names.ts";
import type { AppContext } from "../app-context.ts";
import { findJob } from "../edit-job.ts";
import { jobDetail } from "../job-view.ts";
import { ProblemError } from "../problems.ts";
import { FireTable } from "./fire-table.tsx";
import { countOf, words } from "./format.ts";
import { Instant } from "./instant.tsx";
import { JobForm } from "./job-form.tsx";
import { answerPage, mayDo } from "./layout.tsx";
import { StatusPill } from "./status-pill.tsx";

/** One job: its next slots, what became of the last, and what may be done with it. */
export async function jobPage(c: AppContext): Promise<Response> {
  const id = JobId.safeParse(c.req.param("id"));
  if (!id.success) throw new ProblemError({ code: "job_not_found", detail: "There is no such job." });
  const [job, agents] = await Promise.all([
    findJob(id.data, c).then((found) => jobDetail(c.env.DB, found)),
    c.get("registry").list(c.env.DB),
  ]);
  const mayEdit = mayDo(c, "operator");
  return answerPage(
    c,
    { title: job.name, section: "Schedule" },
    <>
      <Head job={job} mayEdit={mayEdit} />
      <div class="columns" data-live="schedule">
        <Facts job={job} />
        <section class="card">
          <h2>Next slots</h2>
          {job.next_runs.length === 0 ? (
            <p class="empty">None.</p>
          ) : (
            <ol class="plain-list">
              {job.next_runs.map((slot) => (
                <li class="line small">
                  <span>
                    {slot.local}
                    {slot.mark !== null && <span class="tag">{words(slot.mark)}</span>}
                    {!slot.active && <span class="tag">outside its active hours</span>}
                  </span>
                  <span class="muted">
                    <Instant at={slot.at} />
                  </span>
                </li>
              ))}
            </ol>
          )}
        </section>
      </div>
      <section class="card flush">
        <h2>Its slots</h2>
        <FireTable fires={job.recent_history} job={false} />
      </section>
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
