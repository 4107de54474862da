import { storage } from "./storage.ts";

// `status IN ('queued', 'running')` is the partial index's own condition, without which it is not used.

export const SELECT_RUNNING_IDS = `
  SELECT id FROM agent_runs
   WHERE agent_name = ?1 AND status IN ('queued', 'running') AND status = 'running'`;

export const SELECT_EXPIRED = `
  SELECT id, attempt FROM agent_runs
   WHERE agent_name = ?1 AND status IN ('queued', 'running') AND status = 'running' AND lease_expires_at <= ?2
   ORDER BY id LIMIT ?3`;

export const SELECT_AGENTS_WITH_EXPIRED = `
  SELECT DISTINCT agent_name FROM agent_runs
   WHERE status IN ('queued', 'running') AND status = 'running' AND lease_expires_at <= ?1`;

/** The ids of an agent's running runs. */
export async function readRunningIds(db: D1Database, agentName: string): Promise<number[]> {
  const { results } = await storage("read an agent's running runs", () =>
    db.prepare(SELECT_RUNNING_IDS).bind(agentName).all<{ id: number }>(),
  );
  return results.map((row) => row.id);
}

/** An agent's attempts whose lease has run out, oldest first, at most `limit`. */
export async function readExpiredAttempts(
  db: D1Database,
  expired: { agentName: string; atMs: number; limit: number },
): Promise<{ id: number; attempt: number }[]> {
  const { results } = await storage("read expired leases", () =>
    db
      .prepare(SELECT_EXPIRED)
      .bind(expired.agentName, expired.atMs, expired.limit)
      .all<{ id: number; attempt: number }>(),
  );
  return results;
}

/** The names of the agents that have an attempt whose lease has run out. */
export async function readAgentsWithExpiredLeases(db: D1Database, atMs: number): Promise<string[]> {
  const { results } = await storage("read agents with expired leases", () =>
    db.prepare(SELECT_AGENTS_WITH_EXPIRED).bind(atMs).all<{ agent_name: string }>(),
  );
  return results.map((row) => row.agent_name);
}
