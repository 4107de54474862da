import type { FireOutcome } from "../contract/job-fire.ts";
import type { RunStatus } from "../contract/run.ts";
import { storage } from "./storage.ts";

/** As much of a slot's record as a mark on a line of time shows. */
export interface FireMark {
  jobId: string;
  nominalAtMs: number;
  outcome: FireOutcome;
  runStatus: RunStatus | null;
}

export const SELECT_FIRE_MARKS = `
  SELECT fire.job_id AS jobId, fire.nominal_at AS nominalAtMs, fire.outcome, run.status AS runStatus
    FROM (SELECT id FROM jobs WHERE id > ?1 ORDER BY id LIMIT ?4) AS job
    CROSS JOIN job_fires AS fire
      ON fire.id IN (SELECT id FROM job_fires
                      WHERE job_id = job.id AND nominal_at >= ?2 ORDER BY nominal_at DESC LIMIT ?3)
    LEFT JOIN agent_runs AS run ON run.id = fire.run_id`;

/** The newest slots since an instant of each job of a page of them, as `listJobs` has it: at most `limit` of each. */
export async function readFireMarks(
  db: D1Database,
  page: { afterId: string; jobs: number; sinceMs: number; limit: number },
): Promise<FireMark[]> {
  const { results } = await storage("read slots", () =>
    db.prepare(SELECT_FIRE_MARKS).bind(page.afterId, page.sinceMs, page.limit, page.jobs).all<FireMark>(),
  );
  return results;
}
