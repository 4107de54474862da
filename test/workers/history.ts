import { expect } from "vitest";
import type { RunAnswer } from "../../src/contract/run.ts";
import { readRun, rows } from "./service.ts";

const USAGE_COLUMNS = "agent_name, day, runs, tokens_input, tokens_output, cost_microusd, duration_ms";

/** Guarantee 6: what is rolled up equals what the rows say. */
export async function expectUsageToEqualTheRows(): Promise<void> {
  const rolledUp = await rows(`SELECT ${USAGE_COLUMNS} FROM usage_daily ORDER BY agent_name, day`);
  const fromRows = await rows(
    `SELECT agent_name, completed_at / 86400000 AS day, count(*) AS runs, sum(tokens_input) AS tokens_input,
            sum(tokens_output) AS tokens_output, sum(cost_microusd) AS cost_microusd, sum(duration_ms) AS duration_ms
       FROM agent_runs WHERE completed_at IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  expect(rolledUp).toEqual(fromRows);
  const hours = await rows(
    `SELECT agent_name, day * 24 + hour.key AS hour, hour.value ->> 0 AS completed, hour.value ->> 1 AS wrong
       FROM usage_daily, json_each(ended_by_hour) AS hour ORDER BY 1, 2`,
  );
  const hoursFromRows = await rows(
    `SELECT agent_name, completed_at / 3600000 AS hour, sum(status = 'completed') AS completed,
            sum(status IN ('failed', 'timed_out', 'interrupted')) AS wrong
       FROM agent_runs WHERE completed_at IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  expect(hours).toEqual(hoursFromRows);
}

/** Guarantee 6, of budgets: what is reserved is what runs that have not ended reserved, what is spent what the others cost. */
export async function expectBudgetsToEqualTheRows(): Promise<void> {
  const standing = await rows(
    "SELECT scope, period, starts_at, reserved_microusd AS reserved, spent_microusd AS spent FROM budget_periods ORDER BY 1, 2, 3",
  );
  const fromRows = await rows(
    `SELECT period.value ->> 'scope' AS scope, period.value ->> 'period' AS period,
            period.value ->> 'startsAtMs' AS starts_at,
            sum(iif(completed_at IS NULL, policy ->> '$.reservation.microusd', 0)) AS reserved,
            sum(iif(completed_at IS NULL, 0, cost_microusd)) AS spent
       FROM agent_runs, json_each(policy, '$.reservation.periods') AS period GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
  );
  expect(standing).toEqual(fromRows);
}

/** Guarantee 1 and 5: the answer's id is the row's, and what was answered is what is stored. */
export async function expectAnswerToBeStored(answer: RunAnswer): Promise<void> {
  const stored = await readRun(answer.run_id);
  expect(stored).toMatchObject({
    id: answer.run_id,
    agent_name: answer.agent,
    status: answer.status,
    output: answer.output,
    error: answer.error,
    duration_ms: answer.duration_ms,
    tokens_input: answer.tokens_input,
    tokens_output: answer.tokens_output,
    estimated_cost: answer.estimated_cost,
    started_at: answer.started_at,
    completed_at: answer.completed_at,
    attempt: answer.attempt,
  });
}

export async function storedRuns(agent: string) {
  return rows<{ id: number; status: string; input_data: string }>(
    "SELECT id, status, input_data FROM agent_runs WHERE agent_name = ?1 ORDER BY id",
    agent,
  );
}
