import { RunPolicy } from "../contract/run-policy.ts";
import { storage } from "./storage.ts";

// `status IN ('queued', 'running')` is the partial index's own condition, without which it is not used.

/** A run that has not ended, as far as it concerns what may start, stop or be repeated. */
export interface LiveRun {
  runId: number;
  status: "queued" | "running";
  attempt: number;
  priority: number;
  /** A queued run starts no earlier. */
  availableAtMs: number;
  /** A queued run starts no later. */
  queueExpiresAtMs: number;
  /** Whose the running attempt is. */
  leaseKey: string | null;
  leaseExpiresAtMs: number;
  cancelRequested: boolean;
  policy: RunPolicy;
}

interface LiveRow {
  id: number;
  status: "queued" | "running";
  attempt: number;
  priority: number;
  available_at: number | null;
  queue_expires_at: number | null;
  lease_key: string | null;
  lease_expires_at: number | null;
  cancel_requested_at: number | null;
  policy: string;
}

export const SELECT_LIVE_RUNS = `
  SELECT id, status, attempt, priority, available_at, queue_expires_at, lease_key, lease_expires_at, cancel_requested_at,
         policy
    FROM agent_runs WHERE agent_name = ?1 AND status IN ('queued', 'running')`;

/** Agents with a lease that has run out, or with a queued run that could have started or given up by then. */
export const SELECT_OVERDUE_AGENTS = `
  SELECT DISTINCT agent_name FROM agent_runs
   WHERE status IN ('queued', 'running')
     AND coalesce(iif(status = 'running', lease_expires_at, available_at), 0) <= ?1`;

/** An agent's runs that have not ended. */
export async function readLiveRuns(db: D1Database, agentName: string): Promise<LiveRun[]> {
  const { results } = await storage("read an agent's live runs", () =>
    db.prepare(SELECT_LIVE_RUNS).bind(agentName).all<LiveRow>(),
  );
  return results.map(liveRun);
}

/** The names of the agents that the sweep has to look after. */
export async function readOverdueAgents(db: D1Database, atMs: number): Promise<string[]> {
  const { results } = await storage("read agents with overdue runs", () =>
    db.prepare(SELECT_OVERDUE_AGENTS).bind(atMs).all<{ agent_name: string }>(),
  );
  return results.map((row) => row.agent_name);
}

function liveRun(row: LiveRow): LiveRun {
  return {
    runId: row.id,
    status: row.status,
    attempt: row.attempt,
    priority: row.priority,
    availableAtMs: row.available_at ?? 0,
    queueExpiresAtMs: row.queue_expires_at ?? Number.MAX_SAFE_INTEGER,
    leaseKey: row.lease_key,
    leaseExpiresAtMs: row.lease_expires_at ?? 0,
    cancelRequested: row.cancel_requested_at !== null,
    policy: RunPolicy.parse(JSON.parse(row.policy)),
  };
}
