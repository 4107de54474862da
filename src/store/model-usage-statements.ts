import { DAY_MS } from "../core/day.ts";
import type { AttemptResult, CloseWrite } from "./run-write.ts";

/** The assignment that adds an attempt's use of models, given as JSON or null, to that of the attempts before it. */
export const addModelUsage = (parameter: string) => `
  model_usage = iif(${parameter} IS NULL, model_usage,
    (SELECT json_group_array(json(used.value))
       FROM (SELECT value FROM json_each(coalesce(agent_runs.model_usage, '[]'))
             UNION ALL SELECT value FROM json_each(${parameter})) AS used))`;

export function modelUsageJson(result: Pick<AttemptResult, "models"> | null): string | null {
  return result?.models === undefined || result.models.length === 0 ? null : JSON.stringify(result.models);
}

/** Of the rows that this very transaction closed: see ROLL_UP_USAGE. */
export const ROLL_UP_MODELS = `
  INSERT INTO usage_daily_by_model (day, agent_name, model, runs, tokens_input, tokens_output, cost_microusd)
  SELECT run.completed_at / ${DAY_MS}, run.agent_name, used.value ->> 'model', count(DISTINCT run.id),
         sum(used.value ->> 'tokensInput'), sum(used.value ->> 'tokensOutput'), coalesce(sum(used.value ->> 'costMicrousd'), 0)
    FROM agent_runs AS run, json_each(run.model_usage) AS used
   WHERE run.id IN (SELECT value FROM json_each(?1)) AND run.finish_key = ?2
   GROUP BY 1, 2, 3
      ON CONFLICT (day, agent_name, model) DO UPDATE
     SET runs = runs + excluded.runs,
         tokens_input = tokens_input + excluded.tokens_input,
         tokens_output = tokens_output + excluded.tokens_output,
         cost_microusd = cost_microusd + excluded.cost_microusd`;

/**
 * Whether a run may have used a model: by what this attempt says, or by an earlier one, or by this one before it was
 * handed over. Those only the row knows; who ends an attempt from outside never says what it used before.
 */
export function mayHaveUsedModel({ attempt, from, result }: CloseWrite): boolean {
  const endedOutside = from === "running" && result?.models === undefined;
  return attempt > 1 || endedOutside || modelUsageJson(result) !== null;
}
