import type { FireOutcome } from "../contract/job-fire.ts";
import type { NextFire, SlotDecision } from "../core/slot-decisions.ts";
import type { OpenFire } from "./job-fires.ts";
import { storage } from "./storage.ts";

/** What becomes of slots, decided together, if the job is still as it was read. */
export interface JobClaim {
  jobId: string;
  turn: number;
  fires: readonly SlotDecision[];
  /** Where the job goes on. `stays`: the slots are not its schedule's. */
  next: NextFire | "none" | "stays";
  /** Why the job pauses with this, and from when on its slots have no record; null: it does not. */
  paused: { note: string; fromMs: number } | null;
  atMs: number;
}

/** What a claim made of a slot. */
export interface RecordedSlot extends OpenFire {
  outcome: FireOutcome;
}

/** Before the job's turn, which it goes by. A slot that has a record keeps it, and so does a key. */
export const INSERT_FIRES = `
  INSERT INTO job_fires (job_id, nominal_at, kind, outcome, coalesced, params, request_key, fingerprint, fired_at)
  SELECT ?1, value ->> 'nominalAtMs', value ->> 'kind', value ->> 'outcome', value ->> 'coalesced',
         value ->> 'paramsJson', value ->> '$.key.requestKey', value ->> '$.key.fingerprint', ?4
    FROM json_each(?3) WHERE EXISTS (SELECT 1 FROM jobs WHERE id = ?1 AND turn = ?2)
      ON CONFLICT DO NOTHING
  RETURNING job_id AS jobId, nominal_at AS nominalAtMs, params AS paramsJson, fired_at AS firedAtMs, outcome`;

export const ADVANCE_JOB = `
  UPDATE jobs
     SET next_at = iif(?3 = 'stays', next_at, ?4), due_at = iif(?3 = 'stays', due_at, ?5),
         fire_count = fire_count + ?6, last_fired_at = coalesce(?7, last_fired_at),
         enabled = iif(?8 IS NULL, enabled, 0), paused_note = coalesce(?8, paused_note),
         paused_from = iif(?8 IS NULL, paused_from, ?9), version = version + iif(?8 IS NULL, 0, 1), turn = turn + 1
   WHERE id = ?1 AND turn = ?2`;

/** Has the records of slots name the runs under these request keys, whatever was made of the slots meanwhile. */
export const NAME_RUNS = `
  UPDATE job_fires SET run_id = run.id, outcome = 'fired', problem = NULL
    FROM (SELECT agent_runs.id, agent_runs.job_id, nominal_at
            FROM json_each(?1) AS wanted JOIN agent_runs ON request_key = wanted.value) AS run
   WHERE job_fires.job_id = run.job_id AND job_fires.nominal_at = run.nominal_at AND job_fires.run_id IS NULL`;

/** Runs on demand what has not run: slots without a record, and those whose record has no run and promises none. */
export const BACKFILL_FIRES = `
  INSERT INTO job_fires (job_id, nominal_at, kind, outcome, fired_at)
  SELECT ?1, value, 'backfill', 'fired', ?3 FROM json_each(?2) WHERE EXISTS (SELECT 1 FROM jobs WHERE id = ?1)
      ON CONFLICT (job_id, nominal_at) DO UPDATE
     SET kind = 'backfill', outcome = 'fired', problem = NULL, fired_at = excluded.fired_at
   WHERE run_id IS NULL AND outcome NOT IN ('fired', 'buffered')
  RETURNING job_id AS jobId, nominal_at AS nominalAtMs, params AS paramsJson, fired_at AS firedAtMs`;

/** The oldest fire of each job that waits, where nothing is left to wait for. */
export const RELEASE_BUFFERED = `
  UPDATE job_fires SET outcome = 'fired', fired_at = ?2
   WHERE id IN (SELECT (SELECT id FROM job_fires AS fire
                         WHERE fire.job_id = jobs.id AND fire.run_id IS NULL AND fire.outcome IN ('fired', 'buffered')
                           AND fire.outcome = 'buffered' ORDER BY fire.nominal_at LIMIT 1)
                  FROM json_each(?1) AS wanted JOIN jobs ON jobs.id = wanted.value
                 WHERE NOT EXISTS (SELECT 1 FROM job_fires AS fire
                                    WHERE fire.job_id = jobs.id AND fire.run_id IS NULL
                                      AND fire.outcome IN ('fired', 'buffered') AND fire.outcome = 'fired')
                   AND NOT EXISTS (SELECT 1 FROM agent_runs AS run
                                    WHERE run.job_id = jobs.id AND run.job_id IS NOT NULL
                                      AND run.status IN ('queued', 'running')))
  RETURNING job_id AS jobId, nominal_at AS nominalAtMs, params AS paramsJson, fired_at AS firedAtMs`;

/**
 * Records each claim whose job is still as it was read, and advances the job in the same transaction. Answers what
 * this very call recorded: whoever gets a slot that `fired` must begin its run. Where it throws, that may have been
 * done all the same, and a later tick begins them.
 */
export async function claimSlots(db: D1Database, claims: readonly JobClaim[]): Promise<RecordedSlot[]> {
  if (claims.length === 0) return [];
  const results = await storage("record slots", () =>
    db.batch<RecordedSlot>(claims.flatMap((claim) => statements(db, claim))),
  );
  return results.flatMap(({ results: recorded }) => recorded);
}

/** Promises the slots' runs, but for those that have run or are promised. Answers which. */
export async function claimBackfill(
  db: D1Database,
  { jobId, slots, atMs }: { jobId: string; slots: readonly number[]; atMs: number },
): Promise<OpenFire[]> {
  const { results } = await storage("backfill a job", () =>
    db.prepare(BACKFILL_FIRES).bind(jobId, JSON.stringify(slots), atMs).all<OpenFire>(),
  );
  return results;
}

/** Promises the fires of these jobs that have waited long enough. Answers which. */
export async function releaseBuffered(db: D1Database, jobIds: readonly string[], atMs: number): Promise<OpenFire[]> {
  const { results } = await storage("release buffered fires", () =>
    db.prepare(RELEASE_BUFFERED).bind(JSON.stringify(jobIds), atMs).all<OpenFire>(),
  );
  return results;
}

function statements(db: D1Database, { jobId, turn, fires, next, paused, atMs }: JobClaim): D1PreparedStatement[] {
  const firing = fires.filter(({ outcome }) => outcome === "fired" || outcome === "buffered").length;
  const counted = next === "stays" ? 0 : firing;
  const [nextAtMs, dueAtMs] = typeof next === "string" ? [null, null] : [next.nextAtMs, next.dueAtMs];
  return [
    db.prepare(INSERT_FIRES).bind(jobId, turn, JSON.stringify(fires), atMs),
    db
      .prepare(ADVANCE_JOB)
      .bind(
        jobId,
        turn,
        next === "stays" ? "stays" : "moves",
        nextAtMs,
        dueAtMs,
        counted,
        firing > 0 ? atMs : null,
        paused?.note ?? null,
        paused?.fromMs ?? null,
      ),
  ];
}
