import { env, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { RunPolicy } from "../../src/contract/run-policy.ts";
import type { BeginRequest, FinishRequest } from "../../src/coordinator/protocol.ts";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { commitRunWrites } from "../../src/store/run-writes.ts";
import { type Fault, faults } from "../faults.ts";
import { expectAnswerToBeStored, expectUsageToEqualTheRows, storedRuns } from "./history.ts";
import { post, readRun, run } from "./service.ts";

const coordinatorOf = (agent: string) => env.COORDINATOR.getByName(agent);

const begin = (agent: string, { concurrency = 100, ...more }: Partial<BeginRequest> & { concurrency?: number } = {}) =>
  coordinatorOf(agent).begin({
    requestKey: crypto.randomUUID(),
    fingerprint: null,
    leaseKey: "the executor",
    mode: "execute",
    agentVersion: 0,
    framework: "code",
    inputJson: "{}",
    policy: { ...RunPolicy.parse({}), concurrency },
    trigger: "api",
    replayOf: null,
    whenFull: "reject",
    maxQueued: 0,
    priority: 0,
    availableAtMs: null,
    ...more,
  });

async function begun(agent: string, requestKey?: string): Promise<number> {
  const outcome = await begin(agent, requestKey === undefined ? {} : { requestKey });
  if (!outcome.ok) throw new Error(outcome.problem.detail);
  expect(outcome.kind).toBe("started");
  return outcome.runId;
}

const result = (runId: number, more: Partial<FinishRequest> = {}): FinishRequest => ({
  runId,
  attempt: 1,
  end: "completed",
  error: null,
  advice: { kind: "none" },
  result: {
    outputJson: '"first"',
    outputTruncated: false,
    tokensInput: 1,
    tokensOutput: 1,
    costMicrousd: 1,
    durationMs: 1,
  },
  events: [],
  ...more,
});

afterEach(() => {
  faults.clear();
  vi.useRealTimers();
});

test("a begin that is repeated under its request key finds its run and makes no second one", async () => {
  const key = crypto.randomUUID();

  const ids = await Promise.all([begun("counted-one", key), begun("counted-one", key), begun("counted-one", key)]);

  expect(new Set(ids).size).toBe(1);
  await evictDurableObject(coordinatorOf("counted-one"));
  expect(await begun("counted-one", key)).toBe(ids[0]);
});

test("the second of two finishes of one attempt changes nothing, also in the same transaction", async () => {
  const runId = await begun("counted-two");

  const outcomes = await Promise.all([
    coordinatorOf("counted-two").finish(result(runId)),
    coordinatorOf("counted-two").finish(result(runId, { end: "failed", error: "second" })),
  ]);

  expect(outcomes).toMatchObject([
    { ok: true, kind: "closed" },
    { ok: true, kind: "stale" },
  ]);
  expect(await readRun(runId)).toMatchObject({ status: "completed", output: "first", error: null });
  await expectUsageToEqualTheRows();
});

test("a finish of another attempt than the run's changes nothing", async () => {
  const runId = await begun("counted-two");

  expect(await coordinatorOf("counted-two").finish(result(runId, { attempt: 2 }))).toMatchObject({ kind: "stale" });

  expect(await readRun(runId)).toMatchObject({ status: "running" });
});

test("no more attempts run at once than the agent's limit, however many ask", async () => {
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => begin("counted-three", { concurrency: 3 })));

  expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(3);
  const refused = outcomes.find((outcome) => !outcome.ok);
  expect(refused).toMatchObject({ problem: { code: "agent_at_limit", retryAfterS: 5 } });
});

test("a finished run frees its slot at once", async () => {
  for (let n = 0; n < 5; n++) expect(await run("single", { sleep_ms: 0 })).toMatchObject({ status: "completed" });
});

test.for(["evicted", "aborted"])("a coordinator that was %s still knows which runs hold slots", async (how) => {
  const agent = `restarted-${how}`;
  await begin(agent, { concurrency: 1 });
  if (how === "evicted") await evictDurableObject(coordinatorOf(agent));
  else await runInDurableObject(coordinatorOf(agent), (_instance, state) => state.abort("crash")).catch(() => {});

  expect(await begin(agent, { concurrency: 1 })).toMatchObject({ ok: false, problem: { code: "agent_at_limit" } });
});

test.for(["repeated", "repeated after a crash of the coordinator"])(
  "a claim that is %s is the same run's",
  async (how) => {
    const agent = `claimed-${how.length}`;
    for (let n = 0; n < 3; n++)
      await begin(agent, { mode: "queue", whenFull: "queue", maxQueued: 5, inputJson: `{"n":${n}}` });
    const first = await coordinatorOf(agent).claim({ leaseKey: "mine" });
    if (how !== "repeated")
      await runInDurableObject(coordinatorOf(agent), (_instance, state) => state.abort("crash")).catch(() => {});

    expect(await coordinatorOf(agent).claim({ leaseKey: "mine" })).toEqual(first);
    expect(await coordinatorOf(agent).claim({ leaseKey: "another's" })).toMatchObject({ inputJson: '{"n":1}' });
  },
);

test.for([
  { when: "after its INSERT", transaction: 0 },
  { when: "after its UPDATE", transaction: 1 },
])("a run whose coordinator crashes $when, before the reply, is recorded once", async ({ transaction }) => {
  const crash = () =>
    runInDurableObject(coordinatorOf("counted-one"), (_instance, state) => state.abort("crash")).catch(() => {});
  faults.plan([...Array<Fault>(transaction).fill("none"), { beforeReply: crash }]);

  const answer = await run("counted-one", { transaction });

  expect(answer).toMatchObject({ success: true, output: { transaction } });
  const stored = (await storedRuns("counted-one")).filter((row) => row.input_data.includes(`:${transaction}`));
  expect(stored).toMatchObject([{ id: answer.run_id, status: "completed" }]);
  await expectAnswerToBeStored(answer);
  await expectUsageToEqualTheRows();
});

test("a run whose coordinator crashes while it works is recorded all the same", async () => {
  const running = run("echo", { sleep_ms: 300 });
  await expect.poll(async () => (await post("/api/agents/echo/run")).status).toBe(200);
  await runInDurableObject(coordinatorOf("echo"), (_instance, state) => state.abort("crash")).catch(() => {});

  const answer = await running;

  expect(answer).toMatchObject({ status: "completed", output: { sleep_ms: 300 } });
  expect(await readRun(answer.run_id)).toMatchObject({ status: "completed" });
});

test("a run whose executor vanished is closed as interrupted once its lease has run out, and not before", async () => {
  const runId = await begun("counted-four");
  const startedAtMs = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: startedAtMs + 44_000 });
  await everyMinute(env);
  expect(await readRun(runId)).toMatchObject({ status: "running" });

  vi.setSystemTime(startedAtMs + 46_000);
  await everyMinute(env);
  await everyMinute(env);

  expect(await readRun(runId)).toMatchObject({
    status: "interrupted",
    error: "The executor of this attempt vanished before it recorded a result.",
  });
  await expectUsageToEqualTheRows();
});

test("an attempt is not interrupted while its lease lasts, whoever asks", async () => {
  const runId = await begun("counted-four");
  const atMs = Date.now();
  const interrupt = {
    kind: "close",
    from: "running",
    status: "interrupted",
    runId,
    attempt: 1,
    error: "gone",
    result: null,
    events: [],
    ifLeaseExpiredByMs: atMs,
    completedAtMs: atMs,
    hasWebhook: false,
    settles: false,
  } as const;

  expect(await commitRunWrites(env.DB, [interrupt], "some key", () => {})).toEqual([
    { kind: "changed", changed: false },
  ]);
});

test("a result that comes after the run was closed changes nothing", async () => {
  const runId = await begun("counted-five");
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 10 * 60_000 });
  await everyMinute(env);

  expect(await coordinatorOf("counted-five").finish(result(runId))).toMatchObject({ ok: true, kind: "stale" });

  expect(await readRun(runId)).toMatchObject({ status: "interrupted", output: null });
  await expectUsageToEqualTheRows();
});

test("an interrupted run frees its slot", async () => {
  await begin("counted-three-more", { concurrency: 1 });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 10 * 60_000 });
  await everyMinute(env);

  expect(await begin("counted-three-more", { concurrency: 1 })).toMatchObject({ ok: true });
});
