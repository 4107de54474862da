import type { FireOutcome } from "../contract/job-fire.ts";
import type { OpenFire } from "./job-fires.ts";
import { storage } from "./storage.ts";

/** A fire that was asked for under a key. */
export interface KeyedFire extends OpenFire {
  fingerprint: string;
  outcome: FireOutcome;
  runId: number | null;
}

export const SELECT_KEYED_FIRE = `
  SELECT job_id AS jobId, nominal_at AS nominalAtMs, params AS paramsJson, fired_at AS firedAtMs, fingerprint, outcome,
         run_id AS runId
    FROM job_fires WHERE job_id = ?1 AND request_key = ?2 AND request_key IS NOT NULL`;

export async function readKeyedFire(db: D1Database, jobId: string, requestKey: string): Promise<KeyedFire | null> {
  return storage("read a fire by its key", () =>
    db.prepare(SELECT_KEYED_FIRE).bind(jobId, requestKey).first<KeyedFire>(),
  );
}
