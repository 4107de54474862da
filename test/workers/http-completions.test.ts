import { env, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import type { RunAnswer } from "../../src/contract/run.ts";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { expectUsageToEqualTheRows } from "./history.ts";
import { accept, type Call, complete, handedOver, remote, remoteAgent } from "./remote-agent.ts";
import { post, readRun, request, run } from "./service.ts";

const HOUR_MS = 60 * 60_000;
const RETRY = { retry: { max_attempts: 2, min_delay_ms: 1, max_delay_ms: 1 } };

const tokenOf = (call: Call | undefined) => call?.body.completion?.token;

async function answered(response: Response) {
  const body = await response.json<{ status?: unknown; code?: string; errors?: object[] }>();
  return { ...body, http: response.status };
}

/** A run that somebody outside has, and its token. */
async function outside(http: object = {}, more: object = {}) {
  const calls = remote(accept);
  const agent = await remoteAgent(http, more);
  const { run_id: runId, status } = await handedOver(agent);
  expect(status).toBe("running");
  return { agent, runId, calls, token: tokenOf(calls[0]) };
}

function at(atMs: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: atMs });
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("a run that was answered 202 goes on without lease or heartbeat, and ends as its completion says", async () => {
  const startedAtMs = Date.now();
  const { runId, token, calls } = await outside();
  expect(Date.parse(calls[0]?.body.completion?.deadline ?? "") - startedAtMs).toBeGreaterThan(24 * HOUR_MS - 1_000);
  at(startedAtMs + 5 * HOUR_MS);
  await everyMinute(env);
  expect((await readRun(runId)).status).toBe("running");

  const usage = { input_tokens: 9, output_tokens: 4, cost_usd: 0.75 };
  const done = await complete(runId, token, { output: { late: true }, usage });

  expect(await answered(done)).toEqual({ http: 200, run_id: runId, status: "completed" });
  const stored = await readRun(runId);
  expect(stored).toMatchObject({ output: { late: true }, tokens_input: 9, tokens_output: 4, estimated_cost: 0.75 });
  expect(stored.duration_ms).toBeGreaterThan(5 * HOUR_MS - 1_000);
  await expectUsageToEqualTheRows();
});

test("a token completes its run once: a used one is answered 409, and what is stored stays", async () => {
  const { runId, token } = await outside();
  const answers = await Promise.all([1, 2, 3].map((output) => complete(runId, token, { output }).then(answered)));
  expect(answers.map(({ http }) => http).toSorted()).toEqual([200, 409, 409]);
  const { output } = await readRun(runId);
  expect(output).toBe(answers.findIndex(({ http }) => http === 200) + 1);
  expect(await answered(await complete(runId, token, { error: "changed my mind" }))).toMatchObject({
    http: 409,
    code: "completion_used",
  });
  expect(await readRun(runId)).toMatchObject({ status: "completed", output });
});

test("a wrong token is answered 401 and changes nothing, also that of another run or attempt, or one that is bent", async () => {
  const other = await outside();
  const { runId, token = "" } = await outside();
  const [attempt, startedAt, mac] = token.split(".");
  const wrong = [
    "nonsense",
    other.token,
    `2.${startedAt}.${mac}`,
    `${attempt}.${Number(startedAt) + 1}.${mac}`,
    token.slice(0, -1),
    `${token}x`,
  ];
  for (const bad of wrong) expect((await answered(await complete(runId, bad, { output: 1 }))).http).toBe(401);
  expect((await answered(await complete(999_999, token, { output: 1 }))).http).toBe(401);
  expect((await readRun(runId)).status).toBe("running");
  for (const one of [other, { runId, token }]) await complete(one.runId, one.token, { output: null });
});

test("the token is in no row, event or answer but the remote agent's own request", async () => {
  const { runId, token = "none" } = await outside();
  const mac = token.split(".")[2] ?? "none";
  const { results } = await env.DB.prepare(
    "SELECT * FROM agent_runs LEFT JOIN run_events ON run_id = agent_runs.id WHERE agent_runs.id = ?1",
  )
    .bind(runId)
    .all();
  expect(JSON.stringify(results)).not.toContain(mac);
  expect(JSON.stringify(await readRun(runId))).not.toContain(mac);
  await complete(runId, token, { output: null });
});

test("an output that the agent's schema refuses is answered 422 by field, and uses the token not up", async () => {
  const schema = { type: "object", properties: { answer: { type: "number" } }, required: ["answer"] };
  const { runId, token } = await outside({ output_schema: schema });
  const refused = await answered(await complete(runId, token, { output: { answer: "x" } }));
  expect(refused).toMatchObject({ http: 422, errors: [{ field: expect.stringContaining("output.answer") }] });
  for (const body of [{}, { output: 1, error: "both" }, { output: { answer: 1 }, usage: { cost_usd: -1 } }]) {
    expect((await complete(runId, token, body)).status).toBe(422);
  }
  expect((await readRun(runId)).status).toBe("running");
  expect((await complete(runId, token, { output: { answer: 42 } })).status).toBe(200);
  expect((await readRun(runId)).output).toEqual({ answer: 42 });
});

test("a failure that may pass queues the next attempt, with a token of its own; the first's is worth nothing then", async () => {
  const { runId, token, calls } = await outside({}, RETRY);
  expect(await answered(await complete(runId, token, { error: "not today" }))).toMatchObject({ status: "queued" });
  await expect.poll(() => calls.length).toBe(2);
  await expect.poll(async () => (await readRun(runId)).attempt).toBe(2);
  expect((await complete(runId, token, { output: "old" })).status).toBe(401);
  expect(await answered(await complete(runId, tokenOf(calls[1]), { error: "never", retryable: false }))).toMatchObject({
    status: "failed",
  });
  expect(await readRun(runId)).toMatchObject({ status: "failed", error: "never", attempt: 2 });
});

test("a completion that comes before the 202 is the end, and the 202 changes nothing", async () => {
  const done: Response[] = [];
  remote(async ({ body }) => {
    done.push(await complete(body.run_id, body.completion?.token, { output: "quick" }));
    return accept();
  });
  const answer = await run(await remoteAgent());
  expect(done[0]?.status).toBe(200);
  expect(answer).toMatchObject({ status: "completed", output: "quick" });
});

test("a cancelled run is cancelled at once, and its completion is answered 409", async () => {
  const { runId, token } = await outside();
  expect((await post(`/api/agents/runs/${runId}/cancel`)).status).toBe(200);
  expect((await readRun(runId)).status).toBe("cancelled");
  expect(await answered(await complete(runId, token, { output: 1 }))).toMatchObject({
    http: 409,
    code: "completion_used",
  });
  expect(await readRun(runId)).toMatchObject({ status: "cancelled", output: null });
  await expectUsageToEqualTheRows();
});

test("of a completion and a cancellation at once one wins, and both are told what is stored", async () => {
  for (let round = 0; round < 10; round++) {
    const { runId, token } = await outside();
    const both = [() => complete(runId, token, { output: round }), () => post(`/api/agents/runs/${runId}/cancel`)];
    const order = round % 2 === 0 ? both : both.toReversed();
    const answers = await Promise.all(order.map((ask) => ask()));
    const [completed, cancelled] = round % 2 === 0 ? answers : answers.toReversed();
    const { status, output } = await readRun(runId);
    expect([status, output, completed?.status]).toEqual(
      status === "completed" ? ["completed", round, 200] : ["cancelled", null, 409],
    );
    if (status === "cancelled") expect(await cancelled?.json()).toMatchObject({ status: "cancelled" });
  }
  await expectUsageToEqualTheRows();
});

test.for(["evicted", "crashed"])("a run that is outside outlives a coordinator that is %s", async (how) => {
  const { agent, runId, token } = await outside();
  const coordinator = env.COORDINATOR.getByName(agent);
  if (how === "evicted") await evictDurableObject(coordinator);
  else await runInDurableObject(coordinator, (_instance, state) => state.abort("crash")).catch(() => {});
  expect((await complete(runId, token, { output: how })).status).toBe(200);
  expect((await readRun(runId)).output).toBe(how);
});

test("a run that is outside keeps its slot, and its completion starts the next", async () => {
  const { agent, runId, token, calls } = await outside({}, { concurrency: { limit: 1 } });
  const waiting = await handedOver(agent, { n: 2 });
  expect(waiting.status).toBe("queued");
  await complete(runId, token, { output: 1 });
  await expect.poll(() => calls.length).toBe(2);
  await expect.poll(async () => (await complete(waiting.run_id, tokenOf(calls[1]), { output: 2 })).status).toBe(200);
  expect((await readRun(waiting.run_id)).output).toBe(2);
});

test.for([
  [{}, 24 * HOUR_MS],
  [{ completion_timeout_ms: 2 * HOUR_MS }, 2 * HOUR_MS],
] as const)(
  "a run that nobody completes, with %j, is timed out after %i ms and not before",
  async ([http, limitMs]) => {
    const startedAtMs = Date.now();
    const { runId, token } = await outside(http);
    at(startedAtMs + limitMs - 5_000);
    await everyMinute(env);
    expect((await readRun(runId)).status).toBe("running");

    at(startedAtMs + limitMs + 5_000);
    await everyMinute(env);
    expect(await readRun(runId)).toMatchObject({
      status: "timed_out",
      error: "The agent took the run over, and nobody completed it within its time.",
    });
    expect((await complete(runId, token, { output: "too late" })).status).toBe(409);
    await expectUsageToEqualTheRows();
  },
);

test("a caller who waits for a run that goes on outside is answered once it is completed", async () => {
  const calls = remote(accept);
  const agent = await remoteAgent();
  const waiting = request(`/api/agents/${agent}/run`, { method: "POST", headers: { Prefer: "wait=20" } });
  await expect.poll(() => calls.length).toBe(1);
  const call = calls[0];
  expect((await complete(call?.body.run_id ?? 0, tokenOf(call), { output: "at last" })).status).toBe(200);
  const response = await waiting;
  expect([response.status, (await response.json<RunAnswer>()).output]).toEqual([200, "at last"]);
});
