import type { JobDefinition } from "../contract/job.ts";
import type { NextFire, SlotDecision } from "../core/slot-decisions.ts";
import { INSERT_FIRES } from "./job-claims.ts";
import { storage } from "./storage.ts";

export interface JobState {
  definition: JobDefinition;
  enabled: boolean;
  pausedNote: string | null;
  pausedFromMs: number | null;
  next: NextFire | null;
  failuresFromMs: number;
}

/** It has missed nothing yet, paused or not. */
export type NewJob = Omit<JobState, "pausedFromMs">;

/** Its turns begin at the instant: those of a deleted job of the same id are none of its own. */
export const INSERT_JOB = `
  INSERT INTO jobs (id, definition, agent_name, enabled, paused_note, paused_from, next_at, due_at, failures_from, created_at, updated_at, turn)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?10)
  ON CONFLICT (id) DO NOTHING`;

export const UPDATE_JOB = `
  UPDATE jobs
     SET definition = ?2, agent_name = ?3, enabled = ?4, paused_note = ?5, paused_from = ?6, next_at = ?7,
         due_at = ?8, failures_from = ?9, updated_at = ?10, version = version + 1, turn = turn + 1
   WHERE id = ?1 AND turn = ?11`;

/** Of a job that is paused: what waits, waits no more. */
export const SKIP_BUFFERED = `
  UPDATE job_fires SET outcome = 'skipped_paused'
   WHERE job_id = ?1 AND run_id IS NULL AND outcome IN ('fired', 'buffered') AND outcome = 'buffered'
     AND EXISTS (SELECT 1 FROM jobs WHERE id = ?1 AND enabled = 0)`;

export const DELETE_JOB = "DELETE FROM jobs WHERE id = ?1 AND turn = ?2";

/** Of a job that is deleted: nobody can begin what was promised, unless it has been begun. */
export const REJECT_OPEN = `
  UPDATE job_fires
     SET run_id = (SELECT id FROM agent_runs WHERE request_key = 'job:' || job_fires.job_id || ':' || job_fires.nominal_at),
         outcome = iif(EXISTS (SELECT 1 FROM agent_runs
                                WHERE request_key = 'job:' || job_fires.job_id || ':' || job_fires.nominal_at),
                       'fired', 'rejected'),
         problem = 'job_not_found'
   WHERE job_id = ?1 AND run_id IS NULL AND outcome IN ('fired', 'buffered')
     AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = ?1)`;

/** Answers false where there is a job of that id. */
export async function insertJob(db: D1Database, id: string, state: NewJob, atMs: number): Promise<boolean> {
  const { meta } = await storage("create a job", () =>
    db
      .prepare(INSERT_JOB)
      .bind(id, ...values({ ...state, pausedFromMs: null }), atMs)
      .run(),
  );
  return meta.changes === 1;
}

/**
 * Changes a job, and records what became of the slots that are named. Answers false, and does neither, where the job is
 * not as it was read: somebody changed it, or a slot was recorded.
 */
export async function updateJob(
  db: D1Database,
  { id, turn }: { id: string; turn: number },
  state: JobState,
  { fires, atMs }: { fires: readonly SlotDecision[]; atMs: number },
): Promise<boolean> {
  const results = await storage("change a job", () =>
    db.batch([
      ...(fires.length === 0 ? [] : [db.prepare(INSERT_FIRES).bind(id, turn, JSON.stringify(fires), atMs)]),
      db.prepare(UPDATE_JOB).bind(id, ...values(state), atMs, turn),
      ...(state.enabled ? [] : [db.prepare(SKIP_BUFFERED).bind(id)]),
    ]),
  );
  return results[fires.length === 0 ? 0 : 1]?.meta.changes === 1;
}

/** The same. Its history stays. */
export async function deleteJob(db: D1Database, { id, turn }: { id: string; turn: number }): Promise<boolean> {
  const results = await storage("delete a job", () =>
    db.batch([db.prepare(DELETE_JOB).bind(id, turn), db.prepare(REJECT_OPEN).bind(id)]),
  );
  return results[0]?.meta.changes === 1;
}

function values({ definition, enabled, pausedNote, pausedFromMs, next, failuresFromMs }: JobState): unknown[] {
  const slot = [next?.nextAtMs ?? null, next?.dueAtMs ?? null];
  return [
    JSON.stringify(definition),
    definition.agent,
    Number(enabled),
    pausedNote,
    pausedFromMs,
    ...slot,
    failuresFromMs,
  ];
}
