import type { FireKind, FireOutcome } from "../contract/job-fire.ts";
import type { ProblemCode } from "../contract/problems.ts";
import type { RunStatus } from "../contract/run.ts";
import { storage } from "./storage.ts";

/** A fire that is promised and has no run yet, with what its run is made of besides its job. */
export interface OpenFire {
  jobId: string;
  nominalAtMs: number;
  paramsJson: string | null;
  /** When it was promised. */
  firedAtMs: number;
}

/** What came of an attempt to begin a fire's run. `fired` without a run: it will be tried again. */
export interface FireResult {
  jobId: string;
  nominalAtMs: number;
  runId: number | null;
  outcome: "fired" | "rejected" | "missed";
  problem: ProblemCode | null;
}

export interface FireRecord {
  id: number;
  jobId: string;
  nominalAtMs: number;
  kind: FireKind;
  outcome: FireOutcome;
  runId: number | null;
  problem: string | null;
  coalesced: number;
  firedAtMs: number;
  runStatus: RunStatus | null;
  durationMs: number | null;
}

/** Due jobs, and those with a fire that waits or was promised and not begun. */
export const SELECT_JOBS_TO_DO = `
  SELECT id FROM (SELECT id FROM jobs WHERE due_at IS NOT NULL AND due_at <= ?1 ORDER BY due_at LIMIT ?3)
   UNION
  SELECT job_id FROM job_fires
   WHERE run_id IS NULL AND outcome IN ('fired', 'buffered') AND (outcome = 'buffered' OR fired_at <= ?2)
   LIMIT ?3`;

export const SELECT_OPEN_FIRES = `
  SELECT job_id AS jobId, nominal_at AS nominalAtMs, params AS paramsJson, fired_at AS firedAtMs
    FROM json_each(?1) AS wanted JOIN job_fires ON job_id = wanted.value
   WHERE run_id IS NULL AND outcome IN ('fired', 'buffered') AND outcome = 'fired' AND fired_at <= ?2 LIMIT ?3`;

/** A run that exists is the truth, whoever began it, and whatever was made of its slot since. */
export const RECORD_RESULTS = `
  UPDATE job_fires
     SET run_id = told.run_id, outcome = iif(told.run_id IS NULL, told.outcome, 'fired'),
         problem = iif(told.run_id IS NULL, coalesce(told.problem, job_fires.problem), NULL)
    FROM (SELECT value ->> 'jobId' AS job_id, value ->> 'nominalAtMs' AS nominal_at, value ->> 'outcome' AS outcome,
                 value ->> 'problem' AS problem,
                 coalesce(value ->> 'runId', (SELECT id FROM agent_runs WHERE request_key =
                   'job:' || (value ->> 'jobId') || ':' || (value ->> 'nominalAtMs'))) AS run_id
            FROM json_each(?1)) AS told
   WHERE job_fires.job_id = told.job_id AND job_fires.nominal_at = told.nominal_at AND job_fires.run_id IS NULL
     AND (told.run_id IS NOT NULL OR job_fires.outcome = 'fired')`;

export const SELECT_NEXT_DUE = "SELECT due_at AS dueAtMs FROM jobs WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1";

export const SELECT_WAITING = `
  SELECT EXISTS (SELECT 1 FROM job_fires
                  WHERE run_id IS NULL AND outcome IN ('fired', 'buffered') AND outcome = 'buffered') AS buffered,
         EXISTS (SELECT 1 FROM job_fires
                  WHERE run_id IS NULL AND outcome IN ('fired', 'buffered') AND outcome = 'fired') AS promised`;

export const SELECT_BACKLOG = `
  SELECT (SELECT count(*) FROM jobs WHERE due_at IS NOT NULL AND due_at <= ?1) AS due,
         (SELECT min(due_at) FROM jobs WHERE due_at IS NOT NULL AND due_at <= ?1) AS firstDueAtMs,
         (SELECT count(*) FROM job_fires WHERE run_id IS NULL AND outcome IN ('fired', 'buffered')) AS unbegun`;

export const SELECT_LIVE_RUNS_OF_JOB = `
  SELECT id FROM agent_runs WHERE job_id = ?1 AND job_id IS NOT NULL AND status IN ('queued', 'running')`;

export const SELECT_LATEST_ENDS = `
  SELECT status FROM agent_runs
   WHERE job_id = ?1 AND job_id IS NOT NULL AND completed_at IS NOT NULL AND status <> 'cancelled' AND created_at >= ?2
   ORDER BY id DESC LIMIT ?3`;

const FIRE_COLUMNS = `
  fire.id, fire.job_id AS jobId, fire.nominal_at AS nominalAtMs, fire.kind, fire.outcome, fire.run_id AS runId,
  fire.problem, fire.coalesced, fire.fired_at AS firedAtMs, run.status AS runStatus, run.duration_ms AS durationMs`;

export const SELECT_FIRES = `
  SELECT ${FIRE_COLUMNS} FROM job_fires AS fire LEFT JOIN agent_runs AS run ON run.id = fire.run_id
   WHERE fire.id < ?1 ORDER BY fire.id DESC LIMIT ?2`;

export const SELECT_FIRES_OF_JOB = `
  SELECT ${FIRE_COLUMNS} FROM job_fires AS fire LEFT JOIN agent_runs AS run ON run.id = fire.run_id
   WHERE fire.job_id = ?3 AND fire.nominal_at < ?1 ORDER BY fire.nominal_at DESC LIMIT ?2`;

export const SELECT_FIRE = `
  SELECT ${FIRE_COLUMNS} FROM job_fires AS fire LEFT JOIN agent_runs AS run ON run.id = fire.run_id
   WHERE fire.job_id = ?1 AND fire.nominal_at = ?2`;

/** The ids of jobs that a tick has something to do for. */
export async function readJobsToDo(
  db: D1Database,
  { atMs, promisedByMs, limit }: { atMs: number; promisedByMs: number; limit: number },
): Promise<string[]> {
  const { results } = await storage("read due jobs", () =>
    db.prepare(SELECT_JOBS_TO_DO).bind(atMs, promisedByMs, limit).all<{ id: string }>(),
  );
  return results.map(({ id }) => id);
}

/** Fires of these jobs that were promised by then and have no run. */
export async function readOpenFires(
  db: D1Database,
  { jobIds, promisedByMs, limit }: { jobIds: readonly string[]; promisedByMs: number; limit: number },
): Promise<OpenFire[]> {
  const { results } = await storage("read promised fires", () =>
    db.prepare(SELECT_OPEN_FIRES).bind(JSON.stringify(jobIds), promisedByMs, limit).all<OpenFire>(),
  );
  return results;
}

/** Safe to repeat, in any order. */
export async function recordFireResults(db: D1Database, results: readonly FireResult[]): Promise<void> {
  if (results.length === 0) return;
  await storage("record fires", () => db.prepare(RECORD_RESULTS).bind(JSON.stringify(results)).run());
}

/** When the next job is due, or null. */
export async function readNextDue(db: D1Database): Promise<number | null> {
  return storage("read when a job is due", () => db.prepare(SELECT_NEXT_DUE).first<number>("dueAtMs"));
}

/** Whether there are fires that wait for a run to end, and fires whose own run has not begun. */
export async function readWaiting(db: D1Database): Promise<{ buffered: boolean; promised: boolean }> {
  const row = await storage("look for fires that wait", () =>
    db.prepare(SELECT_WAITING).first<{ buffered: number; promised: number }>(),
  );
  return { buffered: row?.buffered === 1, promised: row?.promised === 1 };
}

/** What the scheduler has before it. */
export interface Backlog {
  due: number;
  firstDueAtMs: number | null;
  unbegun: number;
}

export async function readBacklog(db: D1Database, atMs: number): Promise<Backlog> {
  const row = await storage("read the scheduler's backlog", () =>
    db.prepare(SELECT_BACKLOG).bind(atMs).first<Backlog>(),
  );
  return row ?? { due: 0, firstDueAtMs: null, unbegun: 0 };
}

export async function readLiveRunsOfJob(db: D1Database, jobId: string): Promise<number[]> {
  const { results } = await storage("read a job's live runs", () =>
    db.prepare(SELECT_LIVE_RUNS_OF_JOB).bind(jobId).all<{ id: number }>(),
  );
  return results.map(({ id }) => id);
}

/** How the newest runs of a job that were created since then ended, newest first; cancelled ones are passed over. */
export async function readLatestEnds(
  db: D1Database,
  { jobId, sinceMs, limit }: { jobId: string; sinceMs: number; limit: number },
): Promise<RunStatus[]> {
  const { results } = await storage("read how a job's runs ended", () =>
    db.prepare(SELECT_LATEST_ENDS).bind(jobId, sinceMs, limit).all<{ status: RunStatus }>(),
  );
  return results.map(({ status }) => status);
}

/** Of one job, by slot; of all, as they were decided. Newest first. `before`: a nominal instant, or an id. */
export async function listFires(
  db: D1Database,
  { jobId, before, limit }: { jobId: string | null; before: number; limit: number },
): Promise<FireRecord[]> {
  const sql = jobId === null ? SELECT_FIRES : SELECT_FIRES_OF_JOB;
  const values = jobId === null ? [before, limit] : [before, limit, jobId];
  const { results } = await storage("list fires", () =>
    db
      .prepare(sql)
      .bind(...values)
      .all<FireRecord>(),
  );
  return results;
}

export async function readFire(db: D1Database, jobId: string, nominalAtMs: number): Promise<FireRecord | null> {
  return storage("read a fire", () => db.prepare(SELECT_FIRE).bind(jobId, nominalAtMs).first<FireRecord>());
}
