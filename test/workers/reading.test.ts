import { env } from "cloudflare:test";
import { beforeAll, describe, expect, test } from "vitest";
import type { AgentDetail, AgentSummary } from "../../src/contract/agent.ts";
import type { CostReport } from "../../src/contract/costs.ts";
import { RUN_STATUSES, type RunStatus } from "../../src/contract/run.ts";
import type { RunPage } from "../../src/contract/run-list.ts";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { getJson, request, rows, run } from "./service.ts";

const DAY_MS = 86_400_000;
const FIRST_MS = Date.UTC(2026, 0, 1);
const STEP_MS = 20_000; // less than the skew that a search by instant allows for

interface Stored {
  id: number;
  agent_name: string;
  status: RunStatus;
  created_at: number;
}

/** 300 runs, twenty seconds apart, of three agents and every status, with gaps between the ids. */
beforeAll(async () => {
  const insert = env.DB.prepare(
    `INSERT INTO agent_runs (id, agent_name, framework, status, input_data, output_data, created_at, started_at,
                             completed_at, request_key, attempt)
     VALUES (?1, ?2, 'code', ?3, '{}', ?4, ?5, ?5, ?6, ?7, 1)`,
  );
  const statements = Array.from({ length: 300 }, (_, n) => {
    const status = RUN_STATUSES[n % RUN_STATUSES.length] ?? "completed";
    const createdAtMs = FIRST_MS + n * STEP_MS;
    const completedAtMs = status === "queued" || status === "running" ? null : createdAtMs + 500;
    const agent = ["echo", "scanner", "strict"][n % 3];
    return insert.bind(1 + n * 3, agent, status, n === 299 ? null : `"${n}"`, createdAtMs, completedAtMs, `seed:${n}`);
  });
  await env.DB.batch(statements);
});

const allRuns = () => rows<Stored>("SELECT id, agent_name, status, created_at FROM agent_runs ORDER BY id DESC");

async function everyPage(query: string): Promise<number[]> {
  const ids: number[] = [];
  for (let path: string | null = `/api/agents/runs?${query}`; path !== null; ) {
    const response = await request(path);
    const page = await response.json<RunPage>();
    expect(page.total).toBe(page.runs.length);
    ids.push(...page.runs.map((run) => run.id));
    const link = /^<http:\/\/127\.0\.0\.1:8787(.*)>; rel="next"$/.exec(response.headers.get("Link") ?? "");
    expect(link === null).toBe(page.next_cursor === null);
    path = link?.[1] ?? null;
  }
  return ids;
}

describe("a list of runs", () => {
  const since = FIRST_MS + 50 * STEP_MS;
  const until = FIRST_MS + 200 * STEP_MS;
  const iso = (atMs: number) => new Date(atMs).toISOString();

  test.for([
    { query: "limit=7", matches: () => true },
    { query: "limit=200", matches: () => true },
    { query: "limit=9&agent=echo", matches: (run: Stored) => run.agent_name === "echo" },
    ...RUN_STATUSES.flatMap((status) => [
      { query: `limit=5&status=${status}`, matches: (run: Stored) => run.status === status },
      {
        query: `limit=5&status=${status}&agent=strict`,
        matches: (run: Stored) => run.status === status && run.agent_name === "strict",
      },
    ]),
    { query: `limit=20&since=${iso(since)}`, matches: (run: Stored) => run.created_at >= since },
    { query: `limit=20&until=${iso(until)}`, matches: (run: Stored) => run.created_at < until },
    {
      query: `limit=20&agent=echo&status=failed&since=${iso(since)}&until=${iso(until)}`,
      matches: (run: Stored) =>
        run.agent_name === "echo" && run.status === "failed" && run.created_at >= since && run.created_at < until,
    },
    { query: "since=2030-01-01T00:00:00Z", matches: () => false },
    { query: "until=2020-01-01T00:00:00Z", matches: () => false },
  ])("with ?$query holds what matches, newest first, each once over all pages", async ({ query, matches }) => {
    const expected = (await allRuns()).filter(matches).map((run) => run.id);
    expect(await everyPage(query)).toEqual(expected);
  });

  test("takes an instant with an offset", async () => {
    const withOffset = await everyPage(`limit=200&since=${encodeURIComponent("2026-01-01T02:00:00+01:00")}`);
    expect(withOffset).toEqual(await everyPage("limit=200&since=2026-01-01T01:00:00Z"));
  });

  test("shows an output of up to 4 KB, and leaves out a larger one and says so", async () => {
    const small = await run("verbose", { chars: 10, lines: 0 });
    const large = await run("verbose", { chars: 5_000, lines: 0 });
    const { runs } = await getJson<RunPage>("/api/agents/runs?agent=verbose");
    expect(runs).toMatchObject([
      { id: large.run_id, output: null, output_truncated: true },
      { id: small.run_id, output: "ü".repeat(10), output_truncated: false },
    ]);
  });

  test("of an agent that is no more is still there", async () => {
    await rows("UPDATE agent_runs SET agent_name = 'gone' WHERE request_key = 'seed:3'");
    expect((await getJson<RunPage>("/api/agents/runs?agent=gone")).total).toBe(1);
  });
});

describe("agents", () => {
  test("are listed with what they are and what they did", async () => {
    const { agents, total } = await getJson<{ agents: AgentSummary[]; total: number }>("/api/agents");
    expect(total).toBe(agents.length);
    const byName = new Map(agents.map((agent) => [agent.name, agent]));
    expect(byName.get("echo")).toMatchObject({ display_name: "Echo", status: "running", enabled: true });
    expect(byName.get("retired")).toMatchObject({ status: "disabled", enabled: false, run_count: 0, last_run: null });
  });

  test("are filtered by category and by whether they are enabled", async () => {
    const names = async (query: string) =>
      (await getJson<{ agents: AgentSummary[] }>(`/api/agents?${query}`)).agents.map((agent) => agent.name);
    expect(await names("category=example")).toEqual(["echo"]);
    expect(await names("enabled=false")).toEqual(["retired"]);
    expect(await names("enabled=true")).not.toContain("retired");
    expect(await names("category=test&enabled=false")).toEqual(["retired"]);
    expect((await request("/api/agents?enabled=maybe")).status).toBe(422);
  });

  test("show error after a failure and idle after a success", async () => {
    await run("thrower");
    expect(await getJson<AgentDetail>("/api/agents/thrower")).toMatchObject({ status: "error" });
    await run("counted-one");
    expect(await getJson<AgentDetail>("/api/agents/counted-one")).toMatchObject({ status: "idle" });
  });

  test("show their configuration, schemas and newest runs", async () => {
    for (let n = 0; n < 12; n++) await run("counted-two", { n });
    const agent = await getJson<AgentDetail>("/api/agents/counted-two");
    expect(agent.recent_runs.map((recent) => recent.output)).toEqual(
      [11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((n) => ({ n })),
    );
    const { config } = await getJson<AgentDetail>("/api/agents/strict");
    expect(config).toMatchObject({
      timeout_ms: 5_000,
      concurrency: { limit: 100, when_full: "queue", max_queued: 1_000 },
      retry: { max_attempts: 1 },
      input_schema: { type: "object", required: ["city"], properties: { days: { maximum: 10, default: 3 } } },
    });
  });
});

describe("costs", () => {
  const today = new Date().toISOString().slice(0, 10);

  test("add up by agent and by day, every day of the range", async () => {
    await rows("DELETE FROM usage_daily");
    const day = Math.floor(Date.now() / DAY_MS);
    for (const [agent, ago, runs, cost] of [
      ["echo", 0, 2, 500_000],
      ["echo", 6, 1, 250_000],
      ["gone", 6, 4, 1],
      ["echo", 7, 9, 9],
    ] as const)
      await rows("INSERT INTO usage_daily VALUES (?1, ?2, ?3, 10, 5, ?4, 1, '{}')", agent, day - ago, runs, cost);

    const report = await getJson<CostReport>("/api/agents/costs?period=weekly");

    expect(report).toMatchObject({
      period_days: 7,
      total_cost: 0.750_001,
      total_cost_usd: 0.750_001,
      total_runs: 7,
      total_tokens: 45,
      by_agent: {
        echo: { display_name: "Echo", runs: 3, cost_usd: 0.75, tokens_used: 30 },
        gone: { display_name: "gone", runs: 4, cost_usd: 0.000_001, tokens_used: 15 },
      },
    });
    expect(report.daily_costs).toHaveLength(7);
    expect(report.daily_costs.at(-1)).toEqual({ date: today, cost: 0.5, runs: 2 });
    expect(report.daily_costs[0]).toMatchObject({ cost: 0.250_001, runs: 5 });
    expect(report.range_label).toBe(`${report.daily_costs[0]?.date} to ${today} (UTC)`);
  });

  test.for([
    { query: "", days: 30 },
    { query: "?period=daily", days: 1 },
    { query: "?period=monthly", days: 30 },
    { query: "?days=366", days: 366 },
  ])("asked with '$query' cover $days days", async ({ query, days }) => {
    const report = await getJson<CostReport>(`/api/agents/costs${query}`);
    expect(report.period_days).toBe(days);
    expect(report.daily_costs).toHaveLength(days);
  });
});

test("health says when the minute last ticked", async () => {
  const beforeMs = Date.now();
  await everyMinute(env);
  const { scheduler } = await getJson<{ scheduler: { last_tick_at: string } }>("/api/health");
  expect(Date.parse(scheduler.last_tick_at)).toBeGreaterThanOrEqual(beforeMs);
});
