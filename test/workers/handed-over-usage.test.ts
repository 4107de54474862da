import { env } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { type Fault, faults } from "../faults.ts";
import { handedOut } from "../spending-agents.ts";
import { expectBudgetsToEqualTheRows, expectUsageToEqualTheRows } from "./history.ts";
import { complete, handedOver } from "./remote-agent.ts";
import { getJson, post, readRun, request, rows } from "./service.ts";

const NOON_MS = Date.UTC(2027, 4, 15, 12);
/** What `outsourcer` uses of itself. */
const OWN = { tokens_input: 10, tokens_output: 5, estimated_cost: 0.01 };

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOON_MS });
  handedOut.length = 0;
  for (const table of ["agent_runs", "usage_daily", "usage_daily_by_model", "budget_periods"])
    await rows(`DELETE FROM ${table}`);
  const body = JSON.stringify({ budget: { daily_usd: 1, max_run_usd: 0.1 } });
  const headers = { "Content-Type": "application/json" };
  await request("/api/agents/outsourcer", { method: "PATCH", headers, body });
});

afterEach(async () => {
  faults.clear();
  vi.useRealTimers();
  await expectUsageToEqualTheRows();
  await expectBudgetsToEqualTheRows();
  expect(await ofModels()).toEqual(await ofModelsByTheRows());
});

const ofModels = () =>
  rows("SELECT model, tokens_input, tokens_output, cost_microusd FROM usage_daily_by_model ORDER BY 1");
const ofModelsByTheRows = () =>
  rows(`SELECT used.value ->> 'model' AS model, sum(used.value ->> 'tokensInput') AS tokens_input,
               sum(used.value ->> 'tokensOutput') AS tokens_output, sum(used.value ->> 'costMicrousd') AS cost_microusd
          FROM agent_runs, json_each(model_usage) AS used WHERE completed_at IS NOT NULL GROUP BY 1 ORDER BY 1`);

async function outside(): Promise<{ runId: number; token: string | undefined }> {
  const { run_id: runId } = await handedOver("outsourcer");
  return { runId, token: handedOut.at(-1)?.token };
}

test("what an agent used before it handed its attempt over is seen at once, and counted once with what the completion brings", async () => {
  const { runId, token } = await outside();
  expect(await readRun(runId)).toMatchObject({ status: "running", ...OWN });

  const usage = { input_tokens: 90, output_tokens: 45, cost_usd: 0.04 };
  expect((await complete(runId, token, { output: "done", usage })).status).toBe(200);

  expect(await readRun(runId)).toMatchObject({
    status: "completed",
    tokens_input: 100,
    tokens_output: 50,
    estimated_cost: 0.05,
  });
  expect(await ofModels()).toEqual([{ model: "planner", tokens_input: 10, tokens_output: 5, cost_microusd: 10_000 }]);
});

test("it is counted where the completion brings no usage, or says that the attempt failed for good", async () => {
  const first = await outside();
  await complete(first.runId, first.token, { output: "done" });
  expect(await readRun(first.runId)).toMatchObject({ status: "completed", ...OWN });
  const second = await outside();
  await complete(second.runId, second.token, { error: "no", retryable: false });
  expect(await readRun(second.runId)).toMatchObject({ status: "failed", ...OWN });
});

test("it is counted where the run is cancelled while it is outside", async () => {
  const { runId } = await outside();
  expect((await post(`/api/agents/runs/${runId}/cancel`)).status).toBe(200);
  expect(await readRun(runId)).toMatchObject({ status: "cancelled", ...OWN });
});

test("it is counted of each attempt where nobody completes them, and the run is tried again", async () => {
  const { runId } = await outside();
  vi.setSystemTime(NOON_MS + 61_000);
  await everyMinute(env);
  await expect.poll(() => handedOut.length).toBe(2);
  await expect.poll(async () => (await readRun(runId)).tokens_input).toBe(20);
  vi.setSystemTime(NOON_MS + 130_000);
  await everyMinute(env);
  expect(await readRun(runId)).toMatchObject({
    status: "timed_out",
    attempt: 2,
    tokens_input: 20,
    tokens_output: 10,
    estimated_cost: 0.02,
  });
  expect(await ofModels()).toMatchObject([{ tokens_input: 20, cost_microusd: 20_000 }]);
});

test.for([1, 4])("it is counted once however often handing over is repeated (%i lost replies)", async (times) => {
  await outside().then(({ runId, token }) => complete(runId, token, { output: 1 })); // its coordinator knows all now
  faults.plan(["none", ...Array<Fault>(times).fill("lose_reply")]);
  const { runId, token } = await outside();
  expect(await readRun(runId)).toMatchObject({ status: "running", ...OWN });
  await complete(runId, token, { output: 2 });
  expect(await readRun(runId)).toMatchObject({ status: "completed", ...OWN });
});

test("it is counted where somebody had asked to cancel the run before it was handed over", async () => {
  const answer = request("/api/agents/outsourcer/run", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ params: { work_ms: 300 } }),
  });
  await expect.poll(() => handedOut.length).toBe(1);
  const runId = handedOut[0]?.runId ?? 0;
  await post(`/api/agents/runs/${runId}/cancel`);
  await (await answer).body?.cancel();
  await expect.poll(async () => (await readRun(runId)).status).toBe("cancelled");
  expect(await readRun(runId)).toMatchObject(OWN);
  const { runs } = await getJson<{ runs: object[] }>("/api/agents/runs?agent=outsourcer&status=running");
  expect(runs).toEqual([]);
});
