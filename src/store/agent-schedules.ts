import { JobTrigger } from "../contract/job-trigger.ts";
import { storage } from "./storage.ts";

/** Of each agent its job that is due first: with min(), SQLite takes the other columns from that very row. */
export const SELECT_NEXT_TRIGGERS = `
  SELECT agent_name AS agentName, definition ->> 'trigger' AS triggerJson, min(due_at) AS dueAtMs
    FROM jobs WHERE agent_name IN (SELECT value FROM json_each(?1)) AND due_at IS NOT NULL
   GROUP BY agent_name`;

/** The trigger by which each agent runs next, in one query; an agent that no job is to fire is not in it. */
export async function readNextTriggers(
  db: D1Database,
  agentNames: readonly string[],
): Promise<Map<string, JobTrigger>> {
  const { results } = await storage("read agents' schedules", () =>
    db.prepare(SELECT_NEXT_TRIGGERS).bind(JSON.stringify(agentNames)).all<{ agentName: string; triggerJson: string }>(),
  );
  return new Map(results.map((row) => [row.agentName, JobTrigger.parse(JSON.parse(row.triggerJson))]));
}
