import { JobDefinition } from "../contract/job.ts";
import { storage } from "./storage.ts";

export interface JobRecord {
  id: string;
  definition: JobDefinition;
  enabled: boolean;
  pausedNote: string | null;
  /** Of a paused job: from when on its slots have no record. Null of one that never ran. */
  pausedFromMs: number | null;
  /** The first slot that has no record yet; null where none is left, or the job is paused. */
  nextAtMs: number | null;
  fireCount: number;
  lastFiredAtMs: number | null;
  /** Runs that were created earlier are no failures in a row. */
  failuresFromMs: number;
  version: number;
  /** What a write to the row must name. */
  turn: number;
  createdAtMs: number;
  updatedAtMs: number;
  /** Whether a run of it has not ended. */
  live: boolean;
  /** Fires that are promised and have no run yet. */
  promised: number;
  /** Fires that wait for the run before them. */
  buffered: number;
}

export const JOB_COLUMNS = `
  jobs.id, definition, enabled, paused_note, paused_from, next_at, fire_count, last_fired_at, failures_from, version, turn,
  created_at, updated_at,
  EXISTS (SELECT 1 FROM agent_runs
           WHERE job_id = jobs.id AND job_id IS NOT NULL AND status IN ('queued', 'running')) AS live,
  (SELECT count(*) FROM job_fires
    WHERE job_id = jobs.id AND run_id IS NULL AND outcome IN ('fired', 'buffered') AND outcome = 'fired') AS promised,
  (SELECT count(*) FROM job_fires
    WHERE job_id = jobs.id AND run_id IS NULL AND outcome IN ('fired', 'buffered') AND outcome = 'buffered') AS buffered`;

export const SELECT_JOB = `SELECT ${JOB_COLUMNS} FROM jobs WHERE id = ?1`;

export const SELECT_JOBS_BY_ID = `
  SELECT ${JOB_COLUMNS} FROM json_each(?1) AS wanted JOIN jobs ON jobs.id = wanted.value`;

/** The filters are looked at row by row: jobs are few, and their page is read in the order of the primary key. */
export const SELECT_JOBS = `
  SELECT ${JOB_COLUMNS} FROM jobs
   WHERE jobs.id > ?1 AND (?2 IS NULL OR agent_name = ?2) AND (?3 IS NULL OR enabled = ?3) ORDER BY jobs.id LIMIT ?4`;

export const SELECT_JOBS_OF_AGENT = `
  SELECT ${JOB_COLUMNS} FROM jobs
   WHERE jobs.id > ?1 AND agent_name = ?2 AND (?3 IS NULL OR enabled = ?3) ORDER BY jobs.id LIMIT ?4`;

export const SELECT_NEXT_JOBS = `
  SELECT ${JOB_COLUMNS} FROM jobs WHERE due_at IS NOT NULL ORDER BY due_at LIMIT ?1`;

/** The jobs that fire next, soonest first, at most `limit`. */
export async function listNextJobs(db: D1Database, limit: number): Promise<JobRecord[]> {
  const { results } = await storage("list the next jobs", () => db.prepare(SELECT_NEXT_JOBS).bind(limit).all<JobRow>());
  return results.map(jobRecord);
}

/** A job, or null. */
export async function readJob(db: D1Database, id: string): Promise<JobRecord | null> {
  const row = await storage("read a job", () => db.prepare(SELECT_JOB).bind(id).first<JobRow>());
  return row === null ? null : jobRecord(row);
}

/** Those of the jobs that there are. */
export async function readJobs(db: D1Database, ids: readonly string[]): Promise<JobRecord[]> {
  const { results } = await storage("read jobs", () =>
    db.prepare(SELECT_JOBS_BY_ID).bind(JSON.stringify(ids)).all<JobRow>(),
  );
  return results.map(jobRecord);
}

/** Jobs in the order of their ids, after one, at most `limit`. */
export async function listJobs(
  db: D1Database,
  {
    afterId,
    agentName,
    enabled,
    limit,
  }: { afterId: string; agentName: string | null; enabled: boolean | null; limit: number },
): Promise<JobRecord[]> {
  const sql = agentName === null ? SELECT_JOBS : SELECT_JOBS_OF_AGENT;
  const { results } = await storage("list jobs", () =>
    db
      .prepare(sql)
      .bind(afterId, agentName, enabled === null ? null : Number(enabled), limit)
      .all<JobRow>(),
  );
  return results.map(jobRecord);
}

interface JobRow {
  id: string;
  definition: string;
  enabled: number;
  paused_note: string | null;
  paused_from: number | null;
  next_at: number | null;
  fire_count: number;
  last_fired_at: number | null;
  failures_from: number;
  version: number;
  turn: number;
  created_at: number;
  updated_at: number;
  live: number;
  promised: number;
  buffered: number;
}

function jobRecord(row: JobRow): JobRecord {
  return {
    id: row.id,
    definition: JobDefinition.parse(JSON.parse(row.definition)),
    enabled: row.enabled === 1,
    pausedNote: row.paused_note,
    pausedFromMs: row.paused_from,
    nextAtMs: row.next_at,
    fireCount: row.fire_count,
    lastFiredAtMs: row.last_fired_at,
    failuresFromMs: row.failures_from,
    version: row.version,
    turn: row.turn,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    live: row.live === 1,
    promised: row.promised,
    buffered: row.buffered,
  };
}
