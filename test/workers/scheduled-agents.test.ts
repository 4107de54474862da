import { afterEach, expect, test, vi } from "vitest";
import type { AgentSummary } from "../../src/contract/agent.ts";
import { accept, complete, remote, remoteAgent } from "./remote-agent.ts";
import { allEnded, brokenSlots, createJob, HOUR_MS, history, runsOf, tickAt } from "./scheduler.ts";
import { getJson, post, readRun, request, rows } from "./service.ts";

afterEach(async () => {
  await allEnded();
  vi.restoreAllMocks();
  await rows("UPDATE jobs SET enabled = 0, next_at = NULL, due_at = NULL");
});

async function scheduleOf(agent: string): Promise<string | null | undefined> {
  const { agents } = await getJson<{ agents: AgentSummary[] }>("/api/agents");
  return agents.find(({ name }) => name === agent)?.schedule;
}

test("an agent's schedule is that of the job that fires it next, of those that are not paused", async () => {
  expect(await scheduleOf("counted-one")).toBeNull();
  await createJob({ id: "yearly", trigger: { type: "cron", expression: "0 9 1 1 *", timezone: "Europe/Berlin" } });
  expect(await scheduleOf("counted-one")).toBe("By the cron expression 0 9 1 1 * (Europe/Berlin)");
  await createJob({ id: "quarterly", trigger: { type: "cron", expression: "*/15 * * * *" } });
  expect(await scheduleOf("counted-one")).toBe("Every 15 minutes (UTC)");
  expect(await scheduleOf("counted-two")).toBeNull();

  await post("/api/scheduler/jobs/quarterly/pause");
  expect(await scheduleOf("counted-one")).toContain("0 9 1 1 *");
  const agent = await getJson<{ schedule: string | null }>("/api/agents/counted-one");
  expect(agent.schedule).toContain("0 9 1 1 *");
  await post("/api/scheduler/jobs/yearly/pause");
  expect(await scheduleOf("counted-one")).toBeNull();
});

test("a remote agent that a job starts can complete its run later", async () => {
  const calls = remote(accept);
  const agent = await remoteAgent();
  const job = await createJob({ id: "remote", agent });
  await tickAt(Date.parse(job.next_run) + 1, { variables: { PUBLIC_URL: "https://agents.example.com" } });
  const completion = await vi.waitFor(() => {
    const told = calls[0]?.body.completion;
    if (!told) throw new Error("the remote agent was not called yet");
    return told;
  });

  const [run] = await runsOf("remote");
  expect(completion.url).toBe(`https://agents.example.com/api/agents/runs/${run?.id}/complete`);
  await vi.waitFor(async () => {
    const done = await complete(run?.id ?? 0, completion.token, { output: "later" });
    expect(done.status).toBe(200);
  });
  expect(await readRun(run?.id ?? 0)).toMatchObject({ status: "completed", output: "later", trigger: "job" });
});

test("where the service does not know its own address, such a run says what to set", async () => {
  remote(accept);
  const agent = await remoteAgent();
  const job = await createJob({ id: "addressless", agent });
  await tickAt(Date.parse(job.next_run) + 1);
  await allEnded();

  const [run] = await runsOf("addressless");
  const { status, error } = await readRun(run?.id ?? 0);
  expect(status).toBe("failed");
  expect(error).toContain("set PUBLIC_URL");
});

test("a slot that a budget has no room for is recorded as rejected, with its reason, and the job goes on", async () => {
  const budget = (daily_usd: number) =>
    request("/api/agents/spender", {
      method: "PATCH",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ budget: { daily_usd, max_run_usd: 0.01 } }),
    });
  expect((await budget(0)).status).toBe(200);
  const job = await createJob({ id: "poor", agent: "spender" });
  const slotMs = Date.parse(job.next_run);

  await tickAt(slotMs + 1);
  expect(await history("poor")).toMatchObject([{ outcome: "rejected", problem: "budget_exceeded", run_id: null }]);
  expect(await runsOf("poor")).toEqual([]);
  expect(await brokenSlots()).toEqual([]);

  await budget(1);
  await tickAt(slotMs + HOUR_MS + 1);
  expect((await history("poor")).map(({ outcome }) => outcome)).toEqual(["rejected", "fired"]);
});
