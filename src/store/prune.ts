import { storage } from "./storage.ts";

/** The oldest runs, of which those that ended before an instant go. Live ones stay, however old. */
const OLD_RUNS = `
  SELECT id FROM (SELECT id, completed_at FROM agent_runs ORDER BY id LIMIT ?2) WHERE completed_at < ?1`;

export const DELETE_OLD_EVENTS = `DELETE FROM run_events WHERE run_id IN (${OLD_RUNS})`;
export const DELETE_OLD_DELIVERIES = `DELETE FROM webhook_deliveries WHERE run_id IN (${OLD_RUNS})`;
/** Last: the others go by it. */
export const DELETE_OLD_RUNS = `DELETE FROM agent_runs WHERE id IN (${OLD_RUNS})`;

export const DELETE_OLD_FIRES = `
  DELETE FROM job_fires
   WHERE id IN (SELECT id FROM (SELECT id, fired_at, run_id, outcome FROM job_fires ORDER BY id LIMIT ?2)
                 WHERE fired_at < ?1 AND (run_id IS NOT NULL OR outcome NOT IN ('fired', 'buffered')))`;

export const DELETE_OLD_AUDIT = `
  DELETE FROM audit_log WHERE id IN (SELECT id FROM (SELECT id, at FROM audit_log ORDER BY id LIMIT ?2) WHERE at < ?1)`;

const DELETIONS = [DELETE_OLD_EVENTS, DELETE_OLD_DELIVERIES, DELETE_OLD_RUNS];

/**
 * Deletes runs that ended before `endedBeforeMs`, with all that belongs to them, in one transaction; answers how many.
 * Looks at the `limit` oldest only. Usage stays: it is not a sum over rows. Ids are never given out again.
 */
export async function deleteOldRuns(db: D1Database, endedBeforeMs: number, limit: number): Promise<number> {
  const results = await storage("delete old runs", () =>
    db.batch(DELETIONS.map((sql) => db.prepare(sql).bind(endedBeforeMs, limit))),
  );
  return results.at(-1)?.meta.changes ?? 0;
}

/** The same of what became of jobs' slots. A slot that is forgotten can be backfilled again. */
export async function deleteOldFires(db: D1Database, decidedBeforeMs: number, limit: number): Promise<number> {
  const { meta } = await storage("delete old fires", () =>
    db.prepare(DELETE_OLD_FIRES).bind(decidedBeforeMs, limit).run(),
  );
  return meta.changes;
}

/** The same of the record of changes. */
export async function deleteOldAudit(db: D1Database, madeBeforeMs: number, limit: number): Promise<number> {
  const { meta } = await storage("delete old entries of the record of changes", () =>
    db.prepare(DELETE_OLD_AUDIT).bind(madeBeforeMs, limit).run(),
  );
  return meta.changes;
}
