import type { RunStatus } from "../contract/run.ts";
import { storage } from "./storage.ts";

/** What an agent has done: its totals over all finished runs, and its newest run. */
export interface AgentActivity {
  agentName: string;
  runs: number;
  costMicrousd: number;
  durationMs: number;
  live: boolean;
  lastStatus: RunStatus | null;
  lastCreatedAtMs: number | null;
}

interface ActivityRow {
  agent_name: string;
  runs: number;
  cost_microusd: number;
  duration_ms: number;
  live: number;
  last_status: RunStatus | null;
  last_created_at: number | null;
}

export const SELECT_ACTIVITY = `
  SELECT agent.value AS agent_name,
         coalesce(usage.runs, 0) AS runs,
         coalesce(usage.cost_microusd, 0) AS cost_microusd,
         coalesce(usage.duration_ms, 0) AS duration_ms,
         EXISTS (SELECT 1 FROM agent_runs
                  WHERE agent_name = agent.value AND status IN ('queued', 'running') AND status = 'running') AS live,
         last.status AS last_status,
         last.created_at AS last_created_at
    FROM json_each(?1) AS agent
    LEFT JOIN (SELECT agent_name, sum(runs) AS runs, sum(cost_microusd) AS cost_microusd,
                      sum(duration_ms) AS duration_ms
                 FROM usage_daily WHERE agent_name IN (SELECT value FROM json_each(?1))
                GROUP BY agent_name) AS usage ON usage.agent_name = agent.value
    LEFT JOIN agent_runs AS last
           ON last.id = (SELECT id FROM agent_runs WHERE agent_name = agent.value ORDER BY id DESC LIMIT 1)`;

/** The activity of each named agent, in one query; an agent that never ran has zeros and nulls. */
export async function readAgentActivity(
  db: D1Database,
  agentNames: readonly string[],
): Promise<Map<string, AgentActivity>> {
  const { results } = await storage("read agents' activity", () =>
    db.prepare(SELECT_ACTIVITY).bind(JSON.stringify(agentNames)).all<ActivityRow>(),
  );
  return new Map(results.map((row) => [row.agent_name, activity(row)]));
}

function activity(row: ActivityRow): AgentActivity {
  return {
    agentName: row.agent_name,
    runs: row.runs,
    costMicrousd: row.cost_microusd,
    durationMs: row.duration_ms,
    live: row.live === 1,
    lastStatus: row.last_status,
    lastCreatedAtMs: row.last_created_at,
  };
}
