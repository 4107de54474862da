import type { JobFire } from "../../contract/job-fire.ts";
import { formatDuration } from "./format.ts";
import { Instant, Moment } from "./instant.tsx";
import { StatusPill } from "./status-pill.tsx";

/** What became of slots: fired, or not and why. */
export function FireTable({ fires, job }: { fires: readonly JobFire[]; job: boolean }) {
  if (fires.length === 0) return <p class="empty">No slot has come yet.</p>;
  return (
    <section class="scroll" tabindex={0} aria-label="Fires">
      <table>
        <thead>
          <tr>
            <th scope="col">Slot</th>
            {job && <th scope="col">Job</th>}
            <th scope="col">Outcome</th>
            <th scope="col">Run</th>
            <th scope="col" class="number">
              Duration
            </th>
            <th scope="col">Decided</th>
            <th scope="col">Reason</th>
          </tr>
        </thead>
        <tbody>
          {fires.map((fire) => (
            <tr>
              <td>
                <Moment at={fire.nominal_at} />
              </td>
              {job && (
                <td>
                  <a href={`/schedule/${encodeURIComponent(fire.job_id)}`}>{fire.job_id}</a>
                </td>
              )}
              <td>
                <StatusPill status={fire.outcome} />
              </td>
              <td class="nowrap">
                {fire.run_id !== null && (
                  <>
                    <a href={`/runs/${fire.run_id}`}>#{fire.run_id}</a>{" "}
                    {fire.run_status !== null && <StatusPill status={fire.run_status} />}
                  </>
                )}
              </td>
              <td class="number">{formatDuration(fire.duration_ms)}</td>
              <td>
                <Instant at={fire.fired_at} />
              </td>
              <td class="small">
                {[fire.kind === "scheduled" ? "" : fire.kind, fire.problem ?? ""]
                  .filter((text) => text !== "")
                  .join(": ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
