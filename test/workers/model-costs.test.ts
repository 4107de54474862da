import { afterEach, beforeEach, expect, test } from "vitest";
import type { CostReport } from "../../src/contract/costs.ts";
import { type Fault, faults } from "../faults.ts";
import { getJson, rows, run } from "./service.ts";

beforeEach(async () => {
  for (const table of ["agent_runs", "usage_daily", "usage_daily_by_model"]) await rows(`DELETE FROM ${table}`);
});

afterEach(() => faults.clear());

const costs = () => getJson<CostReport>("/api/agents/costs?period=daily");

/** Guarantee 6, of models. */
async function expectModelUsageToEqualTheRows(): Promise<void> {
  const rolledUp = await rows("SELECT * FROM usage_daily_by_model ORDER BY day, agent_name, model");
  const fromRows = await rows(
    `SELECT completed_at / 86400000 AS day, agent_name, used.value ->> 'model' AS model, count(DISTINCT agent_runs.id) AS runs,
            sum(used.value ->> 'tokensInput') AS tokens_input, sum(used.value ->> 'tokensOutput') AS tokens_output,
            sum(used.value ->> 'costMicrousd') AS cost_microusd
       FROM agent_runs, json_each(model_usage) AS used
      WHERE completed_at IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
  );
  expect(rolledUp).toEqual(fromRows);
}

test("costs by model, by agent and by day, with what the platform takes for the runs beside them", async () => {
  await run("spender", { model: "small", cost_usd: 0.01 });
  await run("squanderer", { model: "small", cost_usd: 0.02 });
  await run("spender", { model: "large", cost_usd: 1 });
  await run("spender", { cost_usd: 5 });

  const report = await costs();

  expect(report.by_model).toEqual({
    large: { runs: 1, cost_usd: 1, tokens_used: 15 },
    small: { runs: 2, cost_usd: 0.03, tokens_used: 30 },
  });
  expect(report.daily_by_model.map(({ agent, model, cost }) => [agent, model, cost])).toEqual([
    ["spender", "large", 1],
    ["spender", "small", 0.01],
    ["squanderer", "small", 0.02],
  ]);
  expect(report.total_cost).toBe(6.03);
  expect(report.platform).toEqual({ usd_per_run: 0.000_008_03, cost_usd: 0.000_032_12, as_of: "2026-11-23" });
  expect(report.by_agent.spender?.platform_cost_usd).toBeCloseTo(0.000_024_09, 10);
  await expectModelUsageToEqualTheRows();
});

test("what a model used in an attempt that was repeated counts at the end, once for the run", async () => {
  await run("spender", { model: "small", cost_usd: 0.01, failures: 2 });

  expect((await costs()).by_model).toEqual({ small: { runs: 1, cost_usd: 0.03, tokens_used: 45 } });
  await expectModelUsageToEqualTheRows();
});

test.for<Fault & string>(["refuse", "lose_reply"])(
  "D1 fails (%s) at the finish: a model is counted once",
  async (fault) => {
    faults.plan(["none", fault, fault]);

    await run("spender", { model: "small" });

    expect((await costs()).by_model).toEqual({ small: { runs: 1, cost_usd: 0.01, tokens_used: 15 } });
    await expectModelUsageToEqualTheRows();
  },
);

test("a run that names no model writes nothing of models", async () => {
  await run("spender");
  expect(await rows("SELECT model FROM usage_daily_by_model")).toEqual([]);
  expect(await rows("SELECT model_usage FROM agent_runs")).toEqual([{ model_usage: null }]);
});
