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
