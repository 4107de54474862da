import type { JobDefinition } from "../contract/job.ts";
import { FIRE_RETRY_MS, MAX_BACKFILL_SLOTS, MAX_CATCH_UP_ROUNDS } from "../contract/limits.ts";
import { callCoordinator } from "../coordinator/client.ts";
import { decideSlots } from "../core/slot-decisions.ts";
import { log } from "../log.ts";
import { claimSlots, type JobClaim, releaseBuffered } from "../store/job-claims.ts";
import {
  type FireResult,
  type OpenFire,
  readLatestEnds,
  readLiveRunsOfJob,
  readOpenFires,
} from "../store/job-fires.ts";
import { type JobRecord, readJobs } from "../store/jobs.ts";
import { beginFires } from "./begin-fires.ts";
import type { SchedulerContext } from "./context.ts";
import { tellOfJobs } from "./tell-of-jobs.ts";

/**
 * Does for these jobs all that is due: decides their slots, begins the runs that are promised, and lets go what
 * waited. For any number at once, late, or in any order: a slot is decided in the transaction that advances its job,
 * by whoever finds the job as it was read, and its run is begun under the slot's key, by whoever comes first. Who
 * watches is told of what no run tells of.
 */
export async function workOnJobs(context: SchedulerContext, jobIds: readonly string[]): Promise<void> {
  const changed = new Set<string>();
  try {
    await work(context, jobIds, changed);
  } finally {
    tellOfJobs(context, changed); // also of what was recorded before something failed
  }
}

/** Adds to `changed` the jobs with slots that have no run, or that have paused. */
async function work(context: SchedulerContext, jobIds: readonly string[], changed: Set<string>): Promise<void> {
  const definitions = new Map<string, JobDefinition>();
  let left = jobIds;
  for (let round = 1; round <= MAX_CATCH_UP_ROUNDS && left.length > 0; round++) {
    const jobs = await readJobs(context.env.DB, left);
    for (const job of jobs) definitions.set(job.id, job.definition);
    left = await decideDueSlots(context, jobs, { definitions, changed });
  }
  await letGoBuffered(context, jobIds, { definitions, changed });
  const atMs = context.nowMs();
  const open = await readOpenFires(context.env.DB, {
    jobIds,
    promisedByMs: atMs - FIRE_RETRY_MS,
    limit: MAX_BACKFILL_SLOTS,
  });
  const begun = await beginFires(context, open, definitions);
  // Not of those that are to be tried again: that would be said at each try.
  for (const { jobId, outcome } of begun) if (outcome !== "fired") changed.add(jobId);
}

interface Progress {
  definitions: ReadonlyMap<string, JobDefinition>;
  changed: Set<string>;
}

/** Answers the jobs with more slots than one transaction was to record. */
async function decideDueSlots(
  context: SchedulerContext,
  jobs: readonly JobRecord[],
  { definitions, changed }: Progress,
): Promise<string[]> {
  const atMs = context.nowMs();
  const left: string[] = [];
  const claims: JobClaim[] = [];
  for (const job of jobs) {
    if (job.nextAtMs === null || job.nextAtMs > atMs) continue;
    const failing = await isFailing(context, job);
    const busy = job.live || job.promised > 0;
    const { fires, next, pauses, more } = decideSlots({ ...job, nextAtMs: job.nextAtMs, busy, failing }, atMs);
    if (fires.length === 0 && next !== "none") continue; // its jitter is not over yet
    const note = `Paused after ${job.definition.pause_after_failures} failures in a row.`;
    const paused = pauses ? { note, fromMs: (fires.at(-1)?.nominalAtMs ?? atMs) + 1 } : null;
    claims.push({ jobId: job.id, turn: job.turn, fires, next, paused, atMs });
    if (more) left.push(job.id);
  }
  const recorded = await claimSlots(context.env.DB, claims);
  for (const { jobId, outcome } of recorded) if (outcome !== "fired") changed.add(jobId);
  for (const { jobId, fires } of claims) if (fires.length === 0) changed.add(jobId); // it is over
  for (const [jobId, slots] of Map.groupBy(recorded, (slot) => slot.jobId)) {
    log.info("job.slots", { job: jobId, slots: slots.length, last: slots.at(-1)?.outcome });
  }
  const promised = recorded.filter(({ outcome }) => outcome === "fired");
  noteUnbegun(await beginFires(context, promised, definitions), changed);
  return left;
}

function noteUnbegun(results: readonly FireResult[], changed: Set<string>): void {
  for (const { jobId, runId } of results) if (runId === null) changed.add(jobId);
}

async function isFailing({ env }: SchedulerContext, job: JobRecord): Promise<boolean> {
  const limit = job.definition.pause_after_failures;
  if (limit === null) return false;
  const ends = await readLatestEnds(env.DB, { jobId: job.id, sinceMs: job.failuresFromMs, limit });
  return ends.length === limit && ends.every((status) => status !== "completed");
}

async function letGoBuffered(
  context: SchedulerContext,
  jobIds: readonly string[],
  { definitions, changed }: Progress,
): Promise<void> {
  const waiting = (await readJobs(context.env.DB, jobIds)).filter((job) => job.buffered > 0);
  if (waiting.length === 0) return;
  const toCancel = waiting.filter((job) => job.live && job.definition.overlap === "cancel_other");
  await Promise.all(toCancel.map((job) => cancelRunsOf(context, job)));
  const released: OpenFire[] = await releaseBuffered(
    context.env.DB,
    waiting.map((job) => job.id),
    context.nowMs(),
  );
  noteUnbegun(await beginFires(context, released, definitions), changed);
}

/** A queued run ends at once; a running one within a heartbeat, and what waits is let go by a later tick. */
export async function cancelRunsOf({ env }: SchedulerContext, { id, definition }: JobRecord): Promise<void> {
  const runIds = await readLiveRunsOfJob(env.DB, id);
  await Promise.all(
    runIds.map((runId) =>
      callCoordinator(env.COORDINATOR, definition.agent, (coordinator) => coordinator.cancel({ runId })),
    ),
  );
}
