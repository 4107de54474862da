import type { RunStatus } from "../../contract/run.ts";
import { isActive } from "../../core/schedule/active-hours.ts";
import { slotsBetween } from "../../core/schedule/slots.ts";
import { scheduleOf } from "../../core/slot-decisions.ts";
import type { FireMark } from "../../store/fire-marks.ts";
import type { JobRecord } from "../../store/jobs.ts";
import { countOf } from "./format.ts";

/** What the line of time shows to each side of the present. */
export const HALF_MS = 12 * 3_600_000;
/** Slots of one job that are looked at, to each side. What is past them is drawn as going on. */
export const MAX_MARKS = 150;
const BUCKET_MS = 6 * 60_000;
const BUCKETS = (2 * HALF_MS) / BUCKET_MS;
const HEIGHT = 20;

/** From the least to what must be seen: of several slots in one place the last of these is shown. */
const KINDS = ["inactive", "to-come", "passed-over", "fired", "busy", "wrong"] as const;
type Kind = (typeof KINDS)[number];

const LEGEND: readonly [Kind, string][] = [
  ["fired", "fired"],
  ["busy", "running or waiting"],
  ["wrong", "failed, missed or refused"],
  ["passed-over", "passed over"],
  ["to-come", "to come"],
  ["inactive", "outside its hours"],
];

/** The slots of jobs in twelve hours past and twelve to come, a line for each job. */
export function DayTimeline({ jobs, marks, atMs }: { jobs: readonly JobRecord[]; marks: FireMark[]; atMs: number }) {
  const past = Map.groupBy(marks, ({ jobId }) => jobId);
  return (
    <div class="day">
      <div class="day-row day-axis small muted" aria-hidden="true">
        <span />
        <span class="line">
          <span>12 h ago</span>
          <span>6 h</span>
          <span>now</span>
          <span>6 h</span>
          <span>in 12 h</span>
        </span>
      </div>
      <ul>
        {jobs.map((job) => (
          <li class="day-row">
            <a class="one-line" href={`/schedule/${encodeURIComponent(job.id)}`}>
              {job.definition.name}
            </a>
            <Line past={past.get(job.id) ?? []} job={job} atMs={atMs} />
          </li>
        ))}
      </ul>
      <p class="legend small muted">
        {LEGEND.map(([kind, label]) => (
          <span>
            <svg viewBox="0 0 10 10" aria-hidden="true">
              <rect class={kind} x="1" y="0" width="8" height="10" rx="2" />
            </svg>
            {label}
          </span>
        ))}
      </p>
    </div>
  );
}

function Line({ past, job, atMs }: { past: readonly FireMark[]; job: JobRecord; atMs: number }) {
  const buckets = new Map<number, Kind>();
  const put = (slotMs: number, kind: Kind) => {
    const bucket = Math.floor((slotMs - (atMs - HALF_MS)) / BUCKET_MS);
    const there = buckets.get(bucket);
    if (there === undefined || KINDS.indexOf(kind) > KINDS.indexOf(there)) buckets.set(bucket, kind);
  };
  for (const mark of past) put(mark.nominalAtMs, kindOf(mark));
  const { slots, goesOnFromMs } = slotsToCome(job, atMs);
  for (const { nominalAtMs, active } of slots) put(nominalAtMs, active ? "to-come" : "inactive");
  const firstFree = goesOnFromMs === null ? BUCKETS : Math.ceil((goesOnFromMs - (atMs - HALF_MS)) / BUCKET_MS);
  return (
    <svg
      viewBox={`0 0 ${BUCKETS} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${countOf(past.length, "slot")} past, ${goesOnFromMs === null ? "" : "over "}${slots.length} to come`}
    >
      <rect class="ground" x="0" y={HEIGHT / 2 - 0.5} width={BUCKETS} height="1" />
      {[...buckets].map(([bucket, kind]) => (
        <rect class={kind} x={bucket} y="3" width="1" height={HEIGHT - 6} />
      ))}
      {firstFree < BUCKETS && <rect class="goes-on" x={firstFree} y="7" width={BUCKETS - firstFree} height="6" />}
      <rect class="now" x={BUCKETS / 2} y="0" width="0.5" height={HEIGHT} />
    </svg>
  );
}

function slotsToCome({ definition, nextAtMs, fireCount }: JobRecord, atMs: number) {
  if (nextAtMs === null) return { slots: [], goesOnFromMs: null };
  const left = definition.max_fires === null ? MAX_MARKS : Math.max(0, definition.max_fires - fireCount);
  const range = { afterMs: Math.max(nextAtMs - 1, atMs), untilMs: atMs + HALF_MS, limit: Math.min(MAX_MARKS, left) };
  const slots = slotsBetween(scheduleOf(definition), range).map(({ nominalAtMs }) => ({
    nominalAtMs,
    active: definition.active_hours === null || isActive(definition.active_hours, nominalAtMs),
  }));
  return { slots, goesOnFromMs: slots.length === MAX_MARKS ? (slots.at(-1)?.nominalAtMs ?? null) : null };
}

function kindOf({ outcome, runStatus }: Pick<FireMark, "outcome" | "runStatus">): Kind {
  switch (outcome) {
    case "missed":
    case "rejected":
      return "wrong";
    case "buffered":
      return "busy";
    case "fired":
      return runStatus === null ? "busy" : kindOfRun(runStatus);
    case "skipped_overlap":
    case "skipped_inactive":
    case "skipped_paused":
    case "coalesced":
      return "passed-over";
    default:
      return outcome satisfies never;
  }
}

function kindOfRun(status: RunStatus): Kind {
  switch (status) {
    case "queued":
    case "running":
      return "busy";
    case "completed":
      return "fired";
    case "cancelled":
      return "passed-over";
    case "failed":
    case "timed_out":
    case "interrupted":
      return "wrong";
    default:
      return status satisfies never;
  }
}
