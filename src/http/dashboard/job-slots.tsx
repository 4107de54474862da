import type { JobDetail } from "../../contract/job.ts";
import type { JobFire } from "../../contract/job-fire.ts";
import { MAX_BACKFILL_SLOTS, RECENT_FIRES } from "../../contract/limits.ts";
import { FireTable } from "./fire-table.tsx";
import { DateTimeField } from "./job-fields.tsx";

/** What became of the job's slots, newest first, a page at a time. */
export function Ledger({ job, fires }: { job: JobDetail; fires: readonly JobFire[] }) {
  const path = `/schedule/${encodeURIComponent(job.id)}`;
  const last = fires.length < RECENT_FIRES ? undefined : fires.at(-1);
  const isNewest = fires === job.recent_history;
  return (
    <section class="card flush" id="slots">
      <div class="card-head">
        <h2>What became of its slots</h2>
        <a class="small" href={`/runs?job=${encodeURIComponent(job.id)}`}>
          All its runs
        </a>
      </div>
      <FireTable fires={fires} names={null} />
      {(last !== undefined || !isNewest) && (
        <nav class="pages" aria-label="Pages of the slots">
          {isNewest ? <span /> : <a href={`${path}#slots`}>Newest</a>}
          {last !== undefined && (
            <a href={`${path}?before=${Date.parse(last.nominal_at)}#slots`} rel="next">
              Older
            </a>
          )}
        </nav>
      )}
    </section>
  );
}

/** A form for slots of the past. */
export function Backfill({ job }: { job: JobDetail }) {
  return (
    <section class="card">
      <details id="backfill">
        <summary>
          <strong>Run slots that have not run</strong>
        </summary>
        <p class="muted small">
          Slots of the past that were missed or passed over, or came before the job: each is run once, however often
          this is asked for. At most {MAX_BACKFILL_SLOTS}.
        </p>
        <form data-send={`POST /api/scheduler/jobs/${encodeURIComponent(job.id)}/backfill`} data-said="" novalidate>
          <p class="form-problem" role="alert" data-problem="" />
          <div class="grid-form">
            <DateTimeField path="from" label="From, by your clock" value="" kind="instant" />
            <DateTimeField path="to" label="To, by your clock" value="" kind="instant" />
          </div>
          <p class="actions">
            <button type="submit">Backfill</button>
          </p>
        </form>
      </details>
    </section>
  );
}
