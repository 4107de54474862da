import type { JobDefinition } from "../contract/job.ts";
import type { OverlapPolicy } from "../contract/job-fire.ts";
import { MAX_JOB_LOOKS } from "../contract/limits.ts";
import { type FireKey, overlapOutcome } from "../core/slot-decisions.ts";
import { claimSlots } from "../store/job-claims.ts";
import { type FireRecord, readFire } from "../store/job-fires.ts";
import { type JobRecord, readJob } from "../store/jobs.ts";
import { type KeyedFire, readKeyedFire } from "../store/keyed-fires.ts";
import { beginFires } from "./begin-fires.ts";
import type { SchedulerContext } from "./context.ts";
import { cancelRunsOf, workOnJobs } from "./work-on-jobs.ts";

export interface TriggerRequest {
  jobId: string;
  /** Instead of the job's own. */
  paramsJson: string | null;
  overlap: OverlapPolicy | undefined;
  /** Null: a fire of its own, whoever asks again. */
  key: FireKey | null;
}

/** `changed`: it was written to by others each time that this was to. `mismatch`: the key is another request's. */
export type TriggerOutcome =
  | { kind: "decided"; fire: FireRecord; replayed: boolean }
  | { kind: "no_job" | "changed" | "mismatch" };

/**
 * Fires a job now, paused or not, beside its schedule, by the same steps as a slot, and answers what came of it. Asked
 * again under the same key it answers that fire, and begins its run where whoever was to is gone.
 */
export async function triggerJob(context: SchedulerContext, request: TriggerRequest): Promise<TriggerOutcome> {
  const { jobId, key } = request;
  for (let looks = 0; looks < MAX_JOB_LOOKS; looks++) {
    const job = await readJob(context.env.DB, jobId);
    if (job === null) return { kind: "no_job" };
    // After the job, and again at each look: whoever fires it under the key makes the job another than it was read.
    const known = key === null ? null : await readKeyedFire(context.env.DB, jobId, key.requestKey);
    if (known !== null) return replay(context, known, { key, definition: job.definition });
    const nominalAtMs = context.nowMs() + looks; // another instant where this one has a record
    if (!(await fireNow(context, job, { ...request, nominalAtMs }))) continue;
    return { kind: "decided", fire: await recordedFire(context, jobId, nominalAtMs), replayed: false };
  }
  return { kind: "changed" };
}

/** Answers false where the job is not as it was read, or the instant has a record. */
async function fireNow(
  context: SchedulerContext,
  job: JobRecord,
  { nominalAtMs, paramsJson, overlap, key }: TriggerRequest & { nominalAtMs: number },
): Promise<boolean> {
  const busy = job.live || job.promised > 0;
  const outcome = overlapOutcome(overlap ?? job.definition.overlap, { busy, buffered: job.buffered });
  const fire = { nominalAtMs, kind: "manual", outcome, coalesced: 0, paramsJson, key } as const;
  const atMs = context.nowMs();
  const claim = { jobId: job.id, turn: job.turn, fires: [fire], next: "stays", paused: null, atMs } as const;
  const [recorded] = await claimSlots(context.env.DB, [claim]);
  if (recorded === undefined) return false;
  if (outcome === "fired") await beginFires(context, [recorded], new Map([[job.id, job.definition]]));
  if (outcome === "buffered") {
    if (overlap === "cancel_other") await cancelRunsOf(context, job);
    await workOnJobs(context, [job.id]);
  }
  return true;
}

async function replay(
  context: SchedulerContext,
  known: KeyedFire,
  { key, definition }: { key: FireKey | null; definition: JobDefinition },
): Promise<TriggerOutcome> {
  if (known.fingerprint !== key?.fingerprint) return { kind: "mismatch" };
  const { jobId, nominalAtMs } = known;
  const promised = known.outcome === "fired" && known.runId === null;
  if (promised) await beginFires(context, [known], new Map([[jobId, definition]]));
  return { kind: "decided", fire: await recordedFire(context, jobId, nominalAtMs), replayed: true };
}

async function recordedFire({ env }: SchedulerContext, jobId: string, nominalAtMs: number): Promise<FireRecord> {
  const fire = await readFire(env.DB, jobId, nominalAtMs);
  if (fire === null) throw new Error(`the fire of job "${jobId}" at ${nominalAtMs} was recorded but is not there`);
  return fire;
}
