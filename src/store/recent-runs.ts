import type { RunStatus } from "../contract/run.ts";
import { storage } from "./storage.ts";

/** As much of a run as a bar of a chart shows. */
export interface RecentRun {
  agentName: string;
  id: number;
  status: RunStatus;
  durationMs: number | null;
}

interface RecentRow {
  agent_name: string;
  id: number;
  status: RunStatus;
  duration_ms: number | null;
}

// The columns that come after a run's input and output in its row are not asked for but where they must be.
export const SELECT_RECENT_RUNS = `
  SELECT run.agent_name, run.id, run.status, run.duration_ms
    FROM json_each(?1) AS agent CROSS JOIN agent_runs AS run
      ON run.id IN (SELECT id FROM agent_runs WHERE agent_name = agent.value ORDER BY id DESC LIMIT ?2)
   WHERE run.created_at >= ?3 ORDER BY run.id`;

/** At most `limit` of each agent's newest runs, none created before `sinceMs`, oldest first. */
export async function readRecentRuns(
  db: D1Database,
  { agentNames, limit, sinceMs }: { agentNames: readonly string[]; limit: number; sinceMs: number },
): Promise<Map<string, RecentRun[]>> {
  const { results } = await storage("read agents' recent runs", () =>
    db.prepare(SELECT_RECENT_RUNS).bind(JSON.stringify(agentNames), limit, sinceMs).all<RecentRow>(),
  );
  const runs = results.map(({ agent_name, id, status, duration_ms }) => ({
    agentName: agent_name,
    id,
    status,
    durationMs: duration_ms,
  }));
  return Map.groupBy(runs, ({ agentName }) => agentName);
}
