import { env } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { BudgetReport } from "../../src/contract/budget.ts";
import type { ProblemDocument } from "../../src/contract/problems.ts";
import type { RunAnswer } from "../../src/contract/run.ts";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { type Fault, faults } from "../faults.ts";
import { expectBudgetsToEqualTheRows } from "./history.ts";
import { expectSigned, scriptedReceiver } from "./scripted-receiver.ts";
import { getJson, post, request, rows } from "./service.ts";

const DAY_MS = 86_400_000;
const NOON_MS = Date.UTC(2027, 4, 15, 12);
const URL_OF_AGENT = "https://hooks.example/budget-of-agent";
const URL_OF_ALL = "https://hooks.example/budget-of-all";
const AGENTS = ["spender", "counted-one", "counted-two"];

const send = (method: string, path: string, body: unknown) =>
  request(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

async function accepted(response: Response): Promise<void> {
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  await response.body?.cancel();
}

const setBudget = async (agent: string, budget: object | null) =>
  accepted(await send("PATCH", `/api/agents/${agent}`, { budget }));
const setShared = async (budget: object) => accepted(await send("PUT", "/api/budgets", budget));

async function spend(agent: string, params: object): Promise<RunAnswer> {
  const response = await post(`/api/agents/${agent}/run`, { params });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

async function webhookOf(agent: string | null, period: "day" | "month" = "day") {
  const { budgets } = await getJson<BudgetReport>("/api/budgets");
  return budgets.find((budget) => budget.agent === agent && budget.period === period)?.warn_webhook;
}

const delivered = (agent: string | null, period?: "day" | "month") =>
  expect.poll(async () => (await webhookOf(agent, period))?.status).toBe("delivered");

/** As if so long had passed, the sweep and all. */
async function tryAgain(): Promise<void> {
  await rows("UPDATE budget_warnings SET next_attempt_at = ?1 WHERE status = 'pending'", Date.now() - 60_000);
  await everyMinute(env);
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOON_MS });
  await setShared({});
  for (const agent of AGENTS) await setBudget(agent, null);
  for (const table of ["agent_runs", "budget_periods", "budget_warnings", "usage_daily"])
    await rows(`DELETE FROM ${table}`);
});

afterEach(() => {
  faults.clear();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("so much is spent: one signed webhook says so, with what was spent of which limit, until when", async () => {
  const received = scriptedReceiver();
  await setBudget("spender", { daily_usd: 0.1, max_run_usd: 0.01, warn_share: 0.5, warn_webhook_url: URL_OF_AGENT });
  expect(await webhookOf("spender")).toMatchObject({ url: URL_OF_AGENT, status: "waiting", attempts: 0 });

  for (let n = 0; n < 5; n++) await spend("spender", { cost_usd: 0.01 });
  await delivered("spender");
  for (let n = 0; n < 3; n++) await spend("spender", { cost_usd: 0.01 });
  await everyMinute(env);

  expect(received.map(({ url }) => url)).toEqual([URL_OF_AGENT]);
  for (const message of received) expectSigned(message);
  expect(JSON.parse(received[0]?.body ?? "")).toEqual({
    type: "budget.warning",
    timestamp: "2027-05-15T12:00:00.000Z",
    data: {
      agent: "spender",
      period: "day",
      starts_at: "2027-05-15T00:00:00.000Z",
      resets_at: "2027-05-16T00:00:00.000Z",
      limit_usd: 0.1,
      warn_at_usd: 0.05,
      spent_usd: 0.05,
    },
  });
  expect(await webhookOf("spender")).toMatchObject({ status: "delivered", attempts: 1, last_status: 204 });
});

test("each budget and period warns for itself, and the next period anew", async () => {
  const received = scriptedReceiver();
  const half = { warn_share: 0.5 };
  await setBudget("spender", { ...half, daily_usd: 0.02, monthly_usd: 0.06, warn_webhook_url: URL_OF_AGENT });
  await setShared({ ...half, daily_usd: 0.02, warn_webhook_url: URL_OF_ALL });
  const told = () =>
    received.map(({ url, body }) => {
      const { agent, period, starts_at } = JSON.parse(body).data;
      return `${url === URL_OF_ALL ? "all" : "agent"} ${agent} ${period} ${starts_at.slice(0, 10)}`;
    });

  await spend("spender", { cost_usd: 0.01 });
  await delivered("spender");
  await delivered(null);
  expect(told().toSorted()).toEqual(["agent spender day 2027-05-15", "all null day 2027-05-15"]);

  vi.setSystemTime(NOON_MS + DAY_MS);
  await spend("spender", { cost_usd: 0.02 });
  await delivered("spender");
  await delivered("spender", "month");
  await delivered(null);
  expect(told().slice(2).toSorted()).toEqual([
    "agent spender day 2027-05-16",
    "agent spender month 2027-05-01",
    "all null day 2027-05-16",
  ]);
  expect(new Set(received.map(({ headers }) => headers.get("webhook-id"))).size).toBe(5);
});

test("runs of several agents that end at once warn once of the budget that they share", async () => {
  const received = scriptedReceiver();
  for (const agent of ["counted-one", "counted-two"]) await setBudget(agent, { max_run_usd: 0.000_001 });
  await setShared({ daily_usd: 0.000_1, warn_share: 0.1, warn_webhook_url: URL_OF_ALL });

  await Promise.all(
    Array.from({ length: 80 }, (_, n) => post(`/api/agents/${n % 2 === 0 ? "counted-one" : "counted-two"}/run`)),
  );

  await delivered(null);
  expect(received).toHaveLength(1);
  expect(await rows("SELECT id FROM budget_warnings")).toHaveLength(1);
  await expectBudgetsToEqualTheRows();
}, 60_000);

test.for([
  { fault: "lose_reply", times: 1 },
  { fault: "lose_reply", times: 4 },
  { fault: "refuse", times: 4 },
] as const)(
  "the end that spends so much warns once however often it is repeated ($fault, $times times)",
  async ({ fault, times }) => {
    const received = scriptedReceiver();
    await setBudget("counted-one", {
      daily_usd: 0.000_004,
      max_run_usd: 0.000_001,
      warn_share: 0.5,
      warn_webhook_url: URL_OF_AGENT,
    });
    await spend("counted-one", {}); // and so its coordinator knows of the budgets
    faults.plan(["none", ...Array<Fault>(times).fill(fault)]);

    await spend("counted-one", {});

    expect(await rows("SELECT scope FROM budget_warnings")).toEqual([{ scope: "counted-one" }]);
    await tryAgain(); // where the reply was lost nobody was left to send its message
    await delivered("counted-one");
    expect(received).toHaveLength(1);
    await expectBudgetsToEqualTheRows();
  },
);

test("a warning that the receiver does not take is sent again, under the same id", async () => {
  const received = scriptedReceiver(503);
  await setBudget("spender", { daily_usd: 0.01, warn_webhook_url: URL_OF_AGENT });
  await spend("spender", { cost_usd: 0.01 });
  await expect.poll(async () => (await webhookOf("spender"))?.last_status).toBe(503);
  expect(await webhookOf("spender")).toMatchObject({ status: "pending", last_error: "The receiver answered 503." });

  await tryAgain();
  await delivered("spender");

  expect(received).toHaveLength(2);
  for (const message of received) expectSigned(message);
  expect(new Set(received.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
});

test.for(["http://127.0.0.1:9/", "ftp://hooks.example/", "https://me:secret@hooks.example/"])(
  "a warn_webhook_url of %s is refused by its field, of one agent and of all",
  async (warn_webhook_url) => {
    const budget = { daily_usd: 1, warn_webhook_url };
    const answers = [
      { response: await send("PUT", "/api/budgets", budget), field: "warn_webhook_url" },
      { response: await send("PATCH", "/api/agents/spender", { budget }), field: "budget.warn_webhook_url" },
    ];
    for (const { response, field } of answers) {
      expect(response.status).toBe(422);
      expect((await response.json<ProblemDocument>()).errors).toMatchObject([{ field }]);
    }
  },
);
