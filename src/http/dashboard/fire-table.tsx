import type { JobFire } from "../../contract/job-fire.ts";
import { countOf, formatDuration, words } from "./format.ts";
import { Instant, Moment } from "./instant.tsx";
import { StatusPill } from "./status-pill.tsx";

/** What became of slots: fired, or not and why. */
export function FireTable({ fires, job }: { fires: readonly JobFire[]; job: boolean }) {
  if (fires.length === 0) return <p class="empty">No slot has come yet.</p>;
  return (
    <section class="scroll" tabindex={0} aria-label="Slots">
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
                <td class="nowrap">
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
              <td class="small">{reasonOf(fire)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function reasonOf(fire: JobFire): string {
  const reasons = [
    fire.kind === "manual" ? "asked for" : fire.kind === "backfill" ? "backfilled" : "",
    whyOf(fire),
    fire.coalesced > 0 ? `stands for ${countOf(fire.coalesced, "earlier slot")}` : "",
    fire.problem === null ? "" : words(fire.problem),
  ];
  return reasons.filter((text) => text !== "").join("; ");
}

function whyOf({ outcome, run_id }: JobFire): string {
  switch (outcome) {
    case "fired":
      return run_id === null ? "its run is about to begin" : "";
    case "buffered":
      return "waits for the run before it";
    case "skipped_overlap":
      return "the run before it had not ended";
    case "skipped_inactive":
      return "outside the active hours";
    case "skipped_paused":
      return "the job paused itself after failures";
    case "missed":
      return "nobody came to it within its grace";
    case "coalesced":
      return "a later slot stood for it";
    case "rejected":
      return "the agent refused the run";
    default:
      return outcome satisfies never;
  }
}
