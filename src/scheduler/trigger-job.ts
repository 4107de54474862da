import type { OverlapPolicy } from "../contract/job-fire.ts";
import { MAX_JOB_LOOKS } from "../contract/limits.ts";
import { overlapOutcome } from "../core/slot-decisions.ts";
import { claimSlots } from "../store/job-claims.ts";
import { type FireRecord, readFire } from "../store/job-fires.ts";
import { readJob } from "../store/jobs.ts";
import { beginFires } from "./begin-fires.ts";
import type { SchedulerContext } from "./context.ts";
import { cancelRunsOf, workOnJobs } from "./work-on-jobs.ts";

/**
 * Fires a job now, paused or not, beside its schedule, by the same steps as a slot. Answers what came of it; null
 * where there is no such job. `changed`: it was written to by others each time that this was to.
 */
export async function triggerJob(
  context: SchedulerContext,
  { jobId, paramsJson, overlap }: { jobId: string; paramsJson: string | null; overlap: OverlapPolicy | undefined },
): Promise<FireRecord | "changed" | null> {
  const { env, nowMs } = context;
  for (let looks = 0; looks < MAX_JOB_LOOKS; looks++) {
    const job = await readJob(env.DB, jobId);
    if (job === null) return null;
    const atMs = nowMs();
    const nominalAtMs = atMs + looks; // another instant where this one has a record
    const busy = job.live || job.promised > 0;
    const outcome = overlapOutcome(overlap ?? job.definition.overlap, { busy, buffered: job.buffered });
    const fire = { nominalAtMs, kind: "manual", outcome, coalesced: 0, paramsJson } as const;
    const claim = { jobId, turn: job.turn, fires: [fire], next: "stays", pausedNote: null, atMs } as const;
    const [recorded] = await claimSlots(env.DB, [claim]);
    if (recorded === undefined) continue;
    if (outcome === "fired") await beginFires(context, [recorded], new Map([[jobId, job.definition]]));
    if (outcome === "buffered") {
      if (overlap === "cancel_other") await cancelRunsOf(context, job);
      await workOnJobs(context, [jobId]);
    }
    return readFire(env.DB, jobId, nominalAtMs);
  }
  return "changed";
}
