import { env, evictDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunAnswer, RunDetail } from "../../src/contract/run.ts";
import { type Fault, faults } from "../faults.ts";
import { expectAnswerToBeStored, expectUsageToEqualTheRows, storedRuns } from "./history.ts";
import { getJson, request, rows } from "./service.ts";

const AGENT = "counted-one";

const runUnder = (key: string, params: unknown = {}, agent = AGENT) =>
  request(`/api/agents/${agent}/run`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify({ params }),
  });

const answerOf = (response: Response) => response.json<RunAnswer>();

beforeEach(async () => {
  await rows("DELETE FROM agent_runs");
  await rows("DELETE FROM usage_daily");
});

afterEach(() => faults.clear());

test("a repeated key answers the first run's id and result, and says that it did", async () => {
  const first = await runUnder("order-17", { n: 1 });
  const second = await runUnder("order-17", { n: 1 });

  expect(first.headers.get("Idempotency-Replayed")).toBeNull();
  expect(second.headers.get("Idempotency-Replayed")).toBe("true");
  expect(second.status).toBe(200);
  expect(await second.json()).toEqual(await first.json());
  expect(await storedRuns(AGENT)).toHaveLength(1);
});

test("fifty requests under one key at once are one run with one id", async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, async () => answerOf(await runUnder("at-once", { sleep_ms: 200 }, "echo"))),
  );

  expect(new Set(answers.map((answer) => answer.run_id)).size).toBe(1);
  for (const answer of answers) expect(answer).toMatchObject({ status: "completed", output: { sleep_ms: 200 } });
  expect(await storedRuns("echo")).toHaveLength(1);
  await expectUsageToEqualTheRows();
});

test("another payload under a key is refused with 422, and changes nothing", async () => {
  const first = await answerOf(await runUnder("k", { n: 1 }));

  const response = await runUnder("k", { n: 2 });

  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({
    code: "idempotency_mismatch",
    detail: expect.stringContaining(`Run ${first.run_id}`),
  });
  expect(await storedRuns(AGENT)).toHaveLength(1);
});

test("the order of a payload's fields makes no other payload", async () => {
  const first = await answerOf(await runUnder("ordered", { a: 1, b: { c: 2, d: 3 } }));
  const second = await answerOf(await runUnder("ordered", { b: { d: 3, c: 2 }, a: 1 }));
  expect(second.run_id).toBe(first.run_id);
});

test.for(['{"params":{"n":1e999}}', '{"params":{"text":"\\ud800"}}'])(
  "a payload that has no canonical form is refused under a key, and makes no run: %s",
  async (body) => {
    const response = await request(`/api/agents/${AGENT}/run`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": "k" },
      body,
    });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: "invalid_params" });
    expect(await storedRuns(AGENT)).toEqual([]);
  },
);

test("a key belongs to one agent", async () => {
  const one = await answerOf(await runUnder("shared", {}, "counted-one"));
  const two = await answerOf(await runUnder("shared", {}, "counted-two"));
  expect(two.run_id).not.toBe(one.run_id);
});

test("a quoted key is the same as a bare one", async () => {
  const bare = await answerOf(await runUnder("8e03978e"));
  const quoted = await answerOf(await runUnder('"8e03978e"'));
  expect(quoted.run_id).toBe(bare.run_id);
});

test("a failed run is replayed as the failure that it was", async () => {
  const first = await answerOf(await runUnder("fails", {}, "thrower"));
  const second = await answerOf(await runUnder("fails", {}, "thrower"));
  expect(second).toEqual(first);
  expect(second.status).toBe("failed");
});

test.for([
  { what: "empty", key: "" },
  { what: "of 256 characters", key: "k".repeat(256) },
  { what: "with a tab", key: "a\tb" },
  { what: "beyond ASCII", key: "clé" },
])("a key that is $what is answered 400 invalid_idempotency_key", async ({ key }) => {
  const response = await runUnder(key);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "invalid_idempotency_key" });
  expect(await storedRuns(AGENT)).toEqual([]);
});

test("a key of 255 characters is taken", async () => {
  expect((await runUnder("k".repeat(255))).status).toBe(200);
});

test("a key holds over an eviction of the coordinator", async () => {
  const first = await answerOf(await runUnder("evicted"));
  await evictDurableObject(env.COORDINATOR.getByName(AGENT));
  expect((await answerOf(await runUnder("evicted"))).run_id).toBe(first.run_id);
});

test.for<Fault & string>(["refuse", "lose_reply"])("a key holds over a failure of D1 (%s)", async (fault) => {
  faults.plan([fault, fault, "none", fault]);

  const answers = await Promise.all(Array.from({ length: 10 }, async () => answerOf(await runUnder(`d1-${fault}`))));

  expect(new Set(answers.map((answer) => answer.run_id)).size).toBe(1);
  expect(await storedRuns(AGENT)).toHaveLength(1);
  for (const answer of answers) await expectAnswerToBeStored(answer);
  await expectUsageToEqualTheRows();
});

test("a repeated key joins its run though the agent is at its limit", async () => {
  const params = { sleep_ms: 400 };
  const first = runUnder("only", params, "single");
  await expect.poll(async () => (await storedRuns("single")).length).toBe(1);

  expect((await runUnder("other", params, "single")).status).toBe(429);
  const joined = await answerOf(await runUnder("only", params, "single"));

  expect(joined).toEqual(await answerOf(await first));
});

test("a joined run holds one slot, not one for each who joined", async () => {
  await Promise.all(Array.from({ length: 5 }, () => runUnder("joined", { sleep_ms: 100 }, "single")));
  expect((await runUnder("next", { sleep_ms: 0 }, "single")).status).toBe(200);
});

test("GET of a run with wait answers once the run has ended, or when the time is over", async () => {
  const running = runUnder("slow", { sleep_ms: 700 }, "echo");
  await expect.poll(async () => (await storedRuns("echo")).length).toBe(1);
  const id = (await storedRuns("echo"))[0]?.id;

  expect(await getJson<RunDetail>(`/api/agents/runs/${id}`)).toMatchObject({ status: "running" });
  expect(await getJson<RunDetail>(`/api/agents/runs/${id}?wait=30`)).toMatchObject({ status: "completed" });
  await running;
});

test("Prefer: wait is heard where the query does not say", async () => {
  const running = runUnder("preferred", { sleep_ms: 500 }, "echo");
  await expect.poll(async () => (await storedRuns("echo")).length).toBe(1);
  const id = (await storedRuns("echo"))[0]?.id;
  const waited = await request(`/api/agents/runs/${id}`, { headers: { Prefer: "respond-async, wait=20" } });
  expect(await waited.json()).toMatchObject({ status: "completed" });
  await running;
});

test.for(["wait=-1", "wait=61", "wait=soon"])("GET of a run with ?%s is answered 422", async (query) => {
  expect((await request(`/api/agents/runs/1?${query}`)).status).toBe(422);
});
