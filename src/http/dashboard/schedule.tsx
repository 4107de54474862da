import { nowMs } from "../../clock.ts";
import type { JobSummary } from "../../contract/job.ts";
import { JobId } from "../../contract/names.ts";
import { readFireMarks } from "../../store/fire-marks.ts";
import { listFires } from "../../store/job-fires.ts";
import { listJobs, readJobs } from "../../store/jobs.ts";
import type { AppContext } from "../app-context.ts";
import { jobFire, jobSummary } from "../job-view.ts";
import { DayTimeline, HALF_MS, MAX_MARKS } from "./day-timeline.tsx";
import { FireTable } from "./fire-table.tsx";
import { Instant } from "./instant.tsx";
import { JobForm } from "./job-form.tsx";
import { answerPage, mayDo } from "./layout.tsx";
import { jobClock } from "./next-fires.tsx";
import { StatusPill } from "./status-pill.tsx";

const SHOWN_JOBS = 50;
const SHOWN_FIRES = 15;

/** The jobs, what became of their last slots, and a form for another. */
export async function schedulePage(c: AppContext): Promise<Response> {
  const after = JobId.safeParse(c.req.query("after"));
  const afterId = after.success ? after.data : "";
  const atMs = nowMs();
  const [records, fires, agents, marks] = await Promise.all([
    listJobs(c.env.DB, {
      afterId,
      agentName: null,
      enabled: null,
      limit: SHOWN_JOBS + 1,
    }),
    listFires(c.env.DB, { jobId: null, before: Number.MAX_SAFE_INTEGER, limit: SHOWN_FIRES }),
    c.get("registry").list(c.env.DB),
    readFireMarks(c.env.DB, { afterId, jobs: SHOWN_JOBS, sinceMs: atMs - HALF_MS, limit: MAX_MARKS }),
  ]);
  const fired = await readJobs(c.env.DB, [...new Set(fires.map(({ jobId }) => jobId))]);
  const names = new Map(fired.map(({ id, definition }) => [id, definition.name]));
  const jobs = records.slice(0, SHOWN_JOBS).map(jobSummary);
  const next = records.length > SHOWN_JOBS ? (jobs.at(-1)?.id ?? null) : null;
  return answerPage(
    c,
    { title: "Schedule", section: "Schedule" },
    <>
      <div class="head">
        <h1>Schedule</h1>
      </div>
      {jobs.length > 0 && (
        <section class="card" data-live="schedule">
          <h2>Twelve hours past, and to come</h2>
          <DayTimeline jobs={records.slice(0, SHOWN_JOBS)} marks={marks} atMs={atMs} />
        </section>
      )}
      <section class="card flush" data-live="schedule">
        <h2>Jobs</h2>
        <JobTable jobs={jobs} />
        {next !== null && (
          <nav class="pages" aria-label="Pages of the list">
            <a href={`/schedule?after=${encodeURIComponent(next)}`} rel="next">
              More jobs
            </a>
          </nav>
        )}
      </section>
      {mayDo(c, "operator") && (
        <section class="card">
          <details id="new-job" open={jobs.length === 0}>
            <summary>
              <strong>New job</strong>
            </summary>
            <JobForm job={null} agentNames={agents.map(({ name }) => name)} />
          </details>
        </section>
      )}
      <section class="card flush">
        <h2>Latest slots</h2>
        <FireTable fires={fires.map(jobFire)} names={names} />
      </section>
    </>,
  );
}

function JobTable({ jobs }: { jobs: readonly JobSummary[] }) {
  if (jobs.length === 0) return <p class="empty">There are no jobs yet.</p>;
  return (
    <section class="scroll" tabindex={0} aria-label="Jobs">
      <table>
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">Status</th>
            <th scope="col">Schedule</th>
            <th scope="col">Agent</th>
            <th scope="col">Next</th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr>
              <td class="name">
                <a href={`/schedule/${encodeURIComponent(job.id)}`}>{job.name}</a>
              </td>
              <td>
                <StatusPill status={job.status} />
              </td>
              <td class="small">{job.schedule}</td>
              <td>
                <a href={`/agents/${encodeURIComponent(job.agent)}`}>{job.agent}</a>
              </td>
              <td>
                <Instant at={job.next_run} />
                {job.next_run !== null && <div class="small muted nowrap">{jobClock(job, job.next_run)}</div>}
              </td>
              <td>
                <Instant at={job.last_run} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
