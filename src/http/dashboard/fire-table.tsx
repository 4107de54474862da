import type { JobFire } from "../../contract/job-fire.ts";
import { countOf, formatDuration, words } from "./format.ts";
import { Instant, Moment } from "./instant.tsx";
import { StatusPill } from "./status-pill.tsx";

/** What became of slots: fired, or not and why. `names`: of the jobs there are, by id; null where all are of one job. */
export function FireTable({ fires, names }: { fires: readonly JobFire[]; names: ReadonlyMap<string, string> | null }) {
  if (fires.length === 0) return <p class="empty">No slot has come yet.</p>;
  return (
    <section class="scroll" tabindex={0} aria-label="Slots">
      <table>
        <thead>
          <tr>
            <th scope="col">Slot</th>
            {names !== null && <th scope="col">Job</th>}
            <th scope="col">Outcome</th>
            <th scope="col">Run</th>
            <th scope="col" class="number">
              Duration
            </th>
            <th scope="col">Decided</th>
          </tr>
        </thead>
        <tbody>
          {fires.map((fire) => (
            <tr>
              <td>
                <Moment at={fire.nominal_at} />
              </td>
              {names !== null && (
                <td class="one-line">
                  <JobLink id={fire.job_id} name={names.get(fire.job_id) ?? null} />
                </td>
              )}
              <td>
                <StatusPill status={fire.outcome} />
                <Reason text={reasonOf(fire)} />
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
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** `name` null: of a job that is no more, whose page would be none. */
export function JobLink({ id, name }: { id: string; name: string | null }) {
  if (name !== null)
    return (
      <a href={`/schedule/${encodeURIComponent(id)}`} title={name}>
        {name}
      </a>
    );
  return (
    <>
      {id} <span class="small muted">(deleted)</span>
    </>
  );
}

/** Under the outcome: in a column of its own it is out of sight where there is little room. */
function Reason({ text }: { text: string }) {
  return text === "" ? null : <div class="small muted reason">{text}</div>;
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
      return "the job was paused";
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
