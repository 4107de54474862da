import { storage } from "./storage.ts";

export interface DailyUsage {
  agent_name: string;
  /** UTC, days since 1970-01-01. */
  day: number;
  runs: number;
  tokens: number;
  cost_microusd: number;
}

export const SELECT_USAGE_SINCE = `
  SELECT agent_name, day, runs, tokens_input + tokens_output AS tokens, cost_microusd
    FROM usage_daily WHERE day >= ?1 ORDER BY day, agent_name`;

export interface DailyModelUsage {
  agent_name: string;
  model: string;
  day: number;
  runs: number;
  tokens: number;
  cost_microusd: number;
}

export const SELECT_MODEL_USAGE_SINCE = `
  SELECT agent_name, model, day, runs, tokens_input + tokens_output AS tokens, cost_microusd
    FROM usage_daily_by_model WHERE day >= ?1 ORDER BY day, agent_name, model`;

/** The same of each model, as far as runs named one. */
export async function readModelUsageSince(db: D1Database, firstDay: number): Promise<DailyModelUsage[]> {
  const { results } = await storage("read the usage of models", () =>
    db.prepare(SELECT_MODEL_USAGE_SINCE).bind(firstDay).all<DailyModelUsage>(),
  );
  return results;
}

/** What every agent used on each day from `firstDay` on. */
export async function readUsageSince(db: D1Database, firstDay: number): Promise<DailyUsage[]> {
  const { results } = await storage("read usage", () =>
    db.prepare(SELECT_USAGE_SINCE).bind(firstDay).all<DailyUsage>(),
  );
  return results;
}

/** How many runs of an agent ended in one hour; those that were cancelled count as neither. */
export interface HourOfAgent {
  agent_name: string;
  /** UTC, hours since 1970-01-01. */
  hour: number;
  completed: number;
  wrong: number;
}

export const SELECT_HOURS = `
  SELECT usage.agent_name, usage.day * 24 + hour.key AS hour, hour.value ->> 0 AS completed, hour.value ->> 1 AS wrong
    FROM json_each(?1) AS agent
    CROSS JOIN usage_daily AS usage
    CROSS JOIN json_each(usage.ended_by_hour) AS hour
   WHERE usage.agent_name = agent.value AND usage.day >= ?2 / 24 AND usage.day * 24 + hour.key >= ?2`;

/** The hours since `firstHour` in which runs of these agents ended, in no order. Reads a row or two of each agent. */
export async function readHoursSince(
  db: D1Database,
  { agentNames, firstHour }: { agentNames: readonly string[]; firstHour: number },
): Promise<HourOfAgent[]> {
  const { results } = await storage("read agents' hours", () =>
    db.prepare(SELECT_HOURS).bind(JSON.stringify(agentNames), firstHour).all<HourOfAgent>(),
  );
  return results;
}
