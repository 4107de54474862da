import { env } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { type Env, readConfig } from "../../src/env.ts";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { post, request, rows, run } from "./service.ts";

const DAY_MS = 86_400_000;

const afterDays = async (days: number, settings: Partial<Env>): Promise<void> => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + days * DAY_MS });
  await everyMinute({ ...env, ...settings }).finally(() => vi.useRealTimers());
};

const count = async (table: string) => (await rows<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))[0]?.n;

describe("retention", () => {
  test("keeps everything where no number of days is set", async () => {
    await run("echo");
    await afterDays(10_000, {});
    expect(await count("agent_runs")).toBe(1);
  });

  test("deletes runs that ended longer ago with all that is theirs, and keeps totals, younger and live runs", async () => {
    const old = await run("talker", { lines: 2 });
    const delayed = (await (
      await post("/api/agents/echo/run", { run_at: new Date(Date.now() + 3 * DAY_MS) })
    ).json()) as {
      run_id: number;
    };
    const before = await rows("SELECT * FROM usage_daily");
    await afterDays(1.9, { RETENTION_DAYS: "2" });
    expect(await rows("SELECT id FROM agent_runs WHERE id = ?1", old.run_id)).toHaveLength(1);
    expect(await count("run_events")).toBe(2);

    await afterDays(2.1, { RETENTION_DAYS: "2" });
    expect(await rows("SELECT id FROM agent_runs")).toEqual([{ id: delayed.run_id }]);
    expect(await count("run_events")).toBe(0);
    expect(await rows("SELECT * FROM usage_daily")).toEqual(before);
    expect((await request(`/api/agents/runs/${old.run_id}`)).status).toBe(404);
  });

  test("never gives an id out again, be it the newest that was deleted", async () => {
    const { run_id } = await run("echo");
    await afterDays(30, { RETENTION_DAYS: "1" });
    expect(await rows("SELECT id FROM agent_runs WHERE id >= ?1", run_id)).toEqual([]);
    expect((await run("echo")).run_id).toBeGreaterThan(run_id);
  });

  test("forgets what was changed as long ago", async () => {
    const answer = await request("/api/budgets", {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ daily_usd: 100 }),
    });
    expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
    await afterDays(1.9, { RETENTION_DAYS: "2" });
    expect(await count("audit_log")).toBe(1);
    await afterDays(2.1, { RETENTION_DAYS: "2" });
    expect(await count("audit_log")).toBe(0);
  });

  test.for(["0", "-1", "1.5", "a month"])("of %s days is refused by name", (days) => {
    expect(() => readConfig({ ...env, RETENTION_DAYS: days })).toThrow(/RETENTION_DAYS/);
  });
});

test("every table that belongs to a run is pruned with it", async () => {
  const tables = await rows<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND sql GLOB '*[ (]run_id *' ORDER BY name",
  );
  // A fire is pruned by itself, by when it was decided.
  expect(tables.map(({ name }) => name)).toEqual(["job_fires", "run_events", "webhook_deliveries"]);
});
