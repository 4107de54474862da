import { RunPolicy } from "../contract/run-policy.ts";
import { sharedBudget, type VersionedBudget } from "./budgets.ts";
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
  /** Whether somebody outside goes on with the running attempt. */
  handedOver: boolean;
  policy: RunPolicy;
}

/** What the history has of an agent at one instant. */
export interface AgentState {
  /** Of the agent's configuration; 0 if it was never stored nor changed. */
  version: number;
  liveRuns: LiveRun[];
  /** The budget for all agents. */
  sharedBudget: VersionedBudget;
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
  handed_over_at: number | null;
  policy: string;
}

interface StateRow {
  agent_version: number;
  shared_version: number | null;
  shared_config: string | null;
}

export const SELECT_AGENT_STATE = `
  SELECT coalesce(agents.version, 0) AS agent_version, run.id, run.status, run.attempt, run.priority, run.available_at,
         run.queue_expires_at, run.lease_key, run.lease_expires_at, run.cancel_requested_at,
         run.handed_over_at, run.policy,
         shared.version AS shared_version, shared.config AS shared_config
    FROM (SELECT ?1 AS name) AS this
    LEFT JOIN agents ON agents.name = this.name
    LEFT JOIN shared_budget AS shared ON shared.id = 1
    LEFT JOIN agent_runs AS run ON run.agent_name = this.name AND run.status IN ('queued', 'running')`;

/** Agents with a lease that has run out, or with a queued run that could have started or given up by then. */
export const SELECT_OVERDUE_AGENTS = `
  SELECT DISTINCT agent_name FROM agent_runs
   WHERE status IN ('queued', 'running')
     AND coalesce(iif(status = 'running', lease_expires_at, available_at), 0) <= ?1`;

/** The version of an agent, its runs that have not ended, and the budget for all, in one question. */
export async function readAgentState(db: D1Database, agentName: string): Promise<AgentState> {
  const { results } = await storage("read an agent's state", () =>
    db.prepare(SELECT_AGENT_STATE).bind(agentName).all<StateRow & (LiveRow | { id: null })>(),
  );
  // An agent without live runs is one row without a run.
  const liveRuns = results.flatMap((row) => (row.id === null ? [] : [liveRun(row)]));
  const { agent_version: version = 0, shared_version = null, shared_config = null } = results[0] ?? {};
  const budget = shared_config === null ? {} : sharedBudget(shared_config);
  return { version, liveRuns, sharedBudget: { version: shared_version ?? 0, budget } };
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
    handedOver: row.handed_over_at !== null,
    policy: RunPolicy.parse(JSON.parse(row.policy)),
  };
}

export const COUNT_LIVE_RUNS = `
  SELECT sum(status = 'running') AS running, sum(status = 'queued') AS queued, min(created_at) AS firstCreatedAtMs
    FROM (SELECT status, created_at FROM agent_runs INDEXED BY agent_runs_live
           WHERE status IN ('queued', 'running') LIMIT ?1)`;

/** Runs that have not ended, of all agents. */
export interface LiveCounts {
  running: number;
  queued: number;
  /** When the oldest of them was created; null: there are none. */
  firstCreatedAtMs: number | null;
}

/** Counts at most `limit` of them. */
export async function countLiveRuns(db: D1Database, limit: number): Promise<LiveCounts> {
  const row = await storage("count live runs", () => db.prepare(COUNT_LIVE_RUNS).bind(limit).first<LiveCounts>());
  return { running: row?.running ?? 0, queued: row?.queued ?? 0, firstCreatedAtMs: row?.firstCreatedAtMs ?? null };
}
