import type { JobSummary } from "../../contract/job.ts";
import { wallClock } from "../../core/schedule/local-time.ts";
import { timezoneOf } from "../schedule-preview.ts";
import { Instant } from "./instant.tsx";

/** Which jobs fire next, and when: by the clock of their own timezone, and by how long that is from now. */
export function NextFires({ jobs }: { jobs: readonly JobSummary[] }) {
  if (jobs.length === 0) return <p class="empty">No job is due to fire.</p>;
  return (
    <ul class="plain-list">
      {jobs.map((job) => (
        <li>
          <div class="line">
            <a href={`/schedule/${encodeURIComponent(job.id)}`}>{job.name}</a>
            <Instant at={job.next_run} />
          </div>
          <div class="line small muted">
            <span>{job.schedule}</span>
            <span class="figures">{job.next_run !== null && jobClock(job, job.next_run)}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** An instant as the clock in a job's timezone shows it, to the minute: `2026-11-27 09:00 +01:00`. */
export function jobClock(job: Pick<JobSummary, "trigger" | "timezone">, at: string): string {
  const shown = wallClock(timezoneOf(job.trigger, job.timezone), Date.parse(at));
  return `${shown.slice(0, 16)} ${shown.slice(19)}`;
}
