import { env } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { BudgetReport } from "../../src/contract/budget.ts";
import type { ProblemDocument } from "../../src/contract/problems.ts";
import type { RunAnswer } from "../../src/contract/run.ts";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { type Fault, faults } from "../faults.ts";
import { expectBudgetsToEqualTheRows, storedRuns } from "./history.ts";
import { getJson, post, readRun, request, rows } from "./service.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Noon, so that nothing here is near the end of a period unless it means to be. */
const NOON_MS = Date.UTC(2027, 4, 15, 12);

const send = (method: string, path: string, body: unknown) =>
  request(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

async function setShared(budget: Record<string, unknown>): Promise<BudgetReport> {
  const response = await send("PUT", "/api/budgets", budget);
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

async function setBudget(agent: string, budget: Record<string, unknown> | null): Promise<void> {
  const response = await send("PATCH", `/api/agents/${agent}`, { budget });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  await response.body?.cancel();
}

const start = (agent: string, params: Record<string, unknown> = {}, more: Record<string, unknown> = {}) =>
  post(`/api/agents/${agent}/run`, { params, ...more });

async function spend(agent: string, params: Record<string, unknown> = {}): Promise<RunAnswer> {
  const response = await start(agent, params);
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

async function refusal(response: Response): Promise<{ problem: ProblemDocument; retryAfterS: number }> {
  expect(response.status).toBe(429);
  return { problem: await response.json(), retryAfterS: Number(response.headers.get("Retry-After")) };
}

async function standing(agent: string | null, period: "day" | "month" = "day") {
  const { budgets } = await getJson<BudgetReport>("/api/budgets");
  return budgets.find((budget) => budget.agent === agent && budget.period === period);
}

const AGENTS = ["spender", "squanderer", "counted-one", "counted-two", "counted-three"];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOON_MS });
  await setShared({});
  for (const agent of AGENTS) await setBudget(agent, null);
  for (const table of ["agent_runs", "budget_periods", "usage_daily"]) await rows(`DELETE FROM ${table}`);
});

afterEach(() => {
  faults.clear();
  vi.useRealTimers();
});

test("200 runs at once against a budget for 50: 50 are accepted, 150 refused, and it is spent exactly once", async () => {
  await setBudget("counted-one", { daily_usd: 0.000_05, max_run_usd: 0.000_001 });

  const responses = await Promise.all(Array.from({ length: 200 }, () => start("counted-one")));

  const count = (status: number) => responses.filter((response) => response.status === status).length;
  expect([count(200), count(429)]).toEqual([50, 150]);
  expect(await storedRuns("counted-one")).toHaveLength(50);
  expect(await standing("counted-one")).toMatchObject({ spent_usd: 0.000_05, reserved_usd: 0, left_usd: 0 });
  await expectBudgetsToEqualTheRows();
}, 60_000);

test("200 runs of three agents at once against a budget for 50 of all: 50 are accepted, by whichever coordinator", async () => {
  const agents = ["counted-one", "counted-two", "counted-three"];
  for (const agent of agents) await setBudget(agent, { max_run_usd: 0.000_001 });
  await setShared({ monthly_usd: 0.000_05 });

  const responses = await Promise.all(
    Array.from({ length: 200 }, (_, n) => start(agents[n % agents.length] ?? "counted-one")),
  );

  const count = (status: number) => responses.filter((response) => response.status === status).length;
  expect([count(200), count(429)]).toEqual([50, 150]);
  expect(await standing(null, "month")).toMatchObject({ spent_usd: 0.000_05, reserved_usd: 0 });
  await expectBudgetsToEqualTheRows();
}, 60_000);

test("what a run may cost is reserved while it waits, and given back with what it did not cost when it ends", async () => {
  await setBudget("spender", { daily_usd: 1, monthly_usd: 10, max_run_usd: 0.4 });
  const waiting = await start("spender", { cost_usd: 0.1 }, { delay_s: 3_600 });
  const { run_id: runId }: RunAnswer = await waiting.json();

  expect(await standing("spender")).toMatchObject({ spent_usd: 0, reserved_usd: 0.4, left_usd: 0.6 });
  await spend("spender", { cost_usd: 0.1 });
  expect(await standing("spender")).toMatchObject({ spent_usd: 0.1, reserved_usd: 0.4, left_usd: 0.5 });
  expect(await standing("spender", "month")).toMatchObject({ spent_usd: 0.1, reserved_usd: 0.4, left_usd: 9.5 });

  const cancelled = await post(`/api/agents/runs/${runId}/cancel`);
  expect(cancelled.status).toBe(200);
  expect(await standing("spender")).toMatchObject({ spent_usd: 0.1, reserved_usd: 0, left_usd: 0.9 });
  await expectBudgetsToEqualTheRows();
});

test("over it: 429 that names the budget and what is left, with Retry-After until its period ends, and no row", async () => {
  await setBudget("spender", { daily_usd: 0.05, max_run_usd: 0.03 });
  await spend("spender", { cost_usd: 0.03 });

  const { problem, retryAfterS } = await refusal(await start("spender"));

  expect(problem.code).toBe("budget_exceeded");
  expect(problem.detail).toBe(
    'The budget of agent "spender", $0.05 a day, has $0.02 left until 2027-05-16T00:00:00.000Z, and a run may cost $0.03.',
  );
  expect(retryAfterS).toBe(12 * 3_600);
  expect(await storedRuns("spender")).toHaveLength(1);
  vi.setSystemTime(NOON_MS + DAY_MS / 2);
  await spend("spender");
});

test("of two budgets that have no room, the one that ends last is named", async () => {
  await setBudget("spender", { daily_usd: 0, max_run_usd: 0.01 });
  await setShared({ monthly_usd: 0 });

  const { problem, retryAfterS } = await refusal(await start("spender"));

  expect(problem.detail).toContain("The budget for all agents, $0 a month,");
  expect(retryAfterS).toBe((Date.UTC(2027, 5, 1) - NOON_MS) / 1_000);
});

test("a run that waits over midnight counts where it was accepted", async () => {
  await setBudget("spender", { daily_usd: 0.05, max_run_usd: 0.05, timezone: "America/New_York" });
  vi.setSystemTime(Date.UTC(2027, 4, 16, 3, 59)); // a minute before midnight in New York
  const response = await start("spender", { cost_usd: 0.02 }, { delay_s: 120 });
  const { run_id: runId }: RunAnswer = await response.json();
  const before = await standing("spender");
  vi.setSystemTime(Date.UTC(2027, 4, 16, 4, 3));

  await everyMinute(env);
  await expect.poll(async () => (await readRun(runId)).status).toBe("completed");

  expect(before).toMatchObject({ reserved_usd: 0.05, resets_at: "2027-05-16T04:00:00.000Z" });
  expect(await standing("spender")).toMatchObject({ spent_usd: 0, starts_at: "2027-05-16T04:00:00.000Z" });
  expect(await rows("SELECT spent_microusd, reserved_microusd FROM budget_periods")).toEqual([
    { spent_microusd: 20_000, reserved_microusd: 0 },
  ]);
  await expectBudgetsToEqualTheRows();
});

test("a request that is repeated under its Idempotency-Key reserves once, also where nothing is left by then", async () => {
  await setBudget("spender", { daily_usd: 0.03, max_run_usd: 0.03 });
  const again = () =>
    request("/api/agents/spender/run", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": "once" },
      body: JSON.stringify({ params: { cost_usd: 0.03 } }),
    });

  const answers = await Promise.all(Array.from({ length: 20 }, again));
  const late = await again();

  const ids = await Promise.all([...answers, late].map(async (answer) => (await answer.json<RunAnswer>()).run_id));
  expect(new Set(ids).size).toBe(1);
  expect(await standing("spender")).toMatchObject({ spent_usd: 0.03, reserved_usd: 0 });
  await expectBudgetsToEqualTheRows();
});

test("a run that is tried again keeps its reservation, and all its attempts are spent at its end", async () => {
  await setBudget("spender", { daily_usd: 1, max_run_usd: 0.5 });
  const response = await request("/api/agents/spender/run", {
    method: "POST",
    headers: { "Content-Type": "application/json", Prefer: "respond-async" },
    body: JSON.stringify({ params: { cost_usd: 0.1, failures: 2 } }),
  });
  const { run_id: runId }: RunAnswer = await response.json();
  let seconds = 0;
  const statusOneSecondLater = async () => {
    vi.setSystemTime(NOON_MS + ++seconds * 1_000); // the next attempt is due
    await everyMinute(env);
    await expectBudgetsToEqualTheRows();
    return (await readRun(runId)).status;
  };
  await expect.poll(statusOneSecondLater).toBe("completed");

  expect(await readRun(runId)).toMatchObject({ attempt: 3 });
  expect(await standing("spender")).toMatchObject({ spent_usd: 0.3, reserved_usd: 0 });
  await expectBudgetsToEqualTheRows();
});

test("a run whose executor vanished gives its reservation back when the sweep ends it", async () => {
  await setBudget("squanderer", { daily_usd: 0.05, max_run_usd: 0.05 });
  faults.plan(["none"], "refuse"); // its result is never recorded
  const answering = start("squanderer");
  await expect.poll(() => faults.transactions()).toBeGreaterThan(1);
  vi.setSystemTime(NOON_MS + MINUTE_MS / 2);
  expect((await answering).status).toBe(503);
  faults.clear();
  expect(await standing("squanderer")).toMatchObject({ reserved_usd: 0.05, left_usd: 0 });

  for (let minute = 10; minute < 13; minute++) {
    vi.setSystemTime(NOON_MS + minute * MINUTE_MS);
    await everyMinute(env);
  }
  await expect.poll(async () => (await storedRuns("squanderer"))[0]?.status).toBe("completed");

  expect(await standing("squanderer")).toMatchObject({ spent_usd: 0.01, reserved_usd: 0 });
  await expectBudgetsToEqualTheRows();
});

test("a run that costs more than was reserved is spent as it was, and the next is refused", async () => {
  await setBudget("spender", { daily_usd: 0.05, max_run_usd: 0.01 });

  await spend("spender", { cost_usd: 0.07 });

  expect(await standing("spender")).toMatchObject({ spent_usd: 0.07, reserved_usd: 0, left_usd: -0.02 });
  const { problem } = await refusal(await start("spender"));
  expect(problem.detail).toContain("has $0 left");
});

test("a budget that is changed while runs are under way holds for the next one, and settles those", async () => {
  await setBudget("spender", { daily_usd: 0.1, max_run_usd: 0.1 });
  const waiting = await start("spender", {}, { delay_s: 3_600 });
  const { run_id: runId }: RunAnswer = await waiting.json();
  await refusal(await start("spender"));
  await setBudget("spender", { daily_usd: 0.3 });
  await spend("spender", { cost_usd: 0.05 });
  await setBudget("spender", null);
  await spend("spender", { cost_usd: 5 }); // nothing limits it, and it counts against nothing

  await (await post(`/api/agents/runs/${runId}/cancel`)).body?.cancel();
  await setBudget("spender", { daily_usd: 0.3 });
  expect(await standing("spender")).toMatchObject({ spent_usd: 0.05, reserved_usd: 0 });
  await expectBudgetsToEqualTheRows();
});

test("the budget for all is in force at once, for coordinators that knew another", async () => {
  await spend("spender");
  await spend("squanderer");
  await setShared({ daily_usd: 0.01 });

  await spend("spender", { cost_usd: 0.01 });
  const { problem } = await refusal(await start("squanderer"));
  expect(problem.detail).toContain("The budget for all agents, $0.01 a day,");

  await setShared({});
  await spend("squanderer");
  await expectBudgetsToEqualTheRows();
});

describe.for<Fault & string>(["refuse", "lose_reply"])("D1 fails (%s) under budgets", (fault) => {
  test.for([0, 1, 2, 3])(
    "at transaction %d of runs at once: reserved and spent equal what the rows say",
    async (at) => {
      await setBudget("spender", { daily_usd: 0.1, max_run_usd: 0.02 });
      await setShared({ daily_usd: 1 });
      faults.plan([...Array<Fault>(at).fill("none"), fault, fault]);

      const responses = await Promise.all(Array.from({ length: 12 }, () => start("spender", { cost_usd: 0.02 })));

      expect(responses.map(({ status }) => status).toSorted()).toEqual([...Array(5).fill(200), ...Array(7).fill(429)]);
      expect(await standing("spender")).toMatchObject({ spent_usd: 0.1, reserved_usd: 0 });
      expect(await standing(null)).toMatchObject({ spent_usd: 0.1, reserved_usd: 0 });
      await expectBudgetsToEqualTheRows();
    },
  );
});

test("once its share of a budget is spent it says so, once in a period", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  await setBudget("spender", { daily_usd: 0.1, max_run_usd: 0.01, warn_share: 0.5 });
  for (let n = 0; n < 4; n++) await spend("spender", { cost_usd: 0.01 });
  expect(await standing("spender")).toMatchObject({ warned_at: null });

  for (let n = 0; n < 3; n++) await spend("spender", { cost_usd: 0.01 });

  const lines = warned.mock.calls.map(([line]) => JSON.parse(String(line)));
  expect(lines.filter(({ event }) => event === "budget.warning")).toMatchObject([
    { scope: "spender", period: "day", spent_microusd: 50_000, warn_at_microusd: 50_000 },
  ]);
  expect(await standing("spender")).toMatchObject({ warned_at: "2027-05-15T12:00:00.000Z" });
  warned.mockRestore();
});

test("a run without a budget writes no row more than before there were any", async () => {
  await spend("counted-four");
  faults.clear();
  await spend("counted-four");
  const plain = faults.rowsWritten();
  await setShared({ daily_usd: 1 });
  await spend("counted-four");
  faults.clear();
  await spend("counted-four");
  const counted = faults.rowsWritten();

  expect({ plain, counted }).toEqual({ plain: 7, counted: 9 });
});

test.for([
  { body: { daily_usd: -1 }, field: "daily_usd" },
  { body: { monthly_usd: "5" }, field: "monthly_usd" },
  { body: { warn_share: 1.5 }, field: "warn_share" },
  { body: { timezone: "Mars/Olympus" }, field: "timezone" },
  { body: { timezone: "+02:00" }, field: "timezone" },
  { body: { max_run_usd: 1 }, field: "body" },
])("a budget for all that cannot be is refused: $body", async ({ body, field }) => {
  const response = await send("PUT", "/api/budgets", body);
  expect(response.status).toBe(422);
  expect((await response.json<ProblemDocument>()).errors).toMatchObject([{ field }]);
});

test("the budget of an agent is part of its versions, and each limit is taken back by null", async () => {
  await setBudget("spender", { daily_usd: 1, monthly_usd: 5 });
  await setBudget("spender", { daily_usd: null });

  const { config } = await getJson<{ config: { budget: unknown } }>("/api/agents/spender");
  const { versions } = await getJson<{ versions: { changes: unknown[] }[] }>("/api/agents/spender/versions?limit=1");
  expect(config.budget).toEqual({ monthly_usd: 5 });
  expect(versions[0]?.changes).toEqual([{ field: "budget.daily_usd", from: 1 }]);
});
