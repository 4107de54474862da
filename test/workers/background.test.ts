import { env, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RunAnswer, RunDetail } from "../../src/contract/run.ts";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { mostAtOnce, started } from "../agents.ts";
import { faults } from "../faults.ts";
import { expectUsageToEqualTheRows, storedRuns } from "./history.ts";
import { getJson, request, rows } from "./service.ts";

const MINUTE_MS = 60_000;

function ask(agent: string, body: object = {}, headers: Record<string, string> = {}): Promise<Response> {
  return request(`/api/agents/${agent}/run`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

const background = (agent: string, params: object = {}, more: object = {}) =>
  ask(agent, { params, ...more }, { Prefer: "respond-async" });

async function accepted(response: Response): Promise<RunAnswer> {
  expect(response.status).toBe(202);
  return response.json();
}

const ended = (id: number) => getJson<RunDetail>(`/api/agents/runs/${id}?wait=20`);

beforeEach(async () => {
  await rows("DELETE FROM agent_runs");
  await rows("DELETE FROM usage_daily");
  started.length = 0;
  Object.assign(mostAtOnce, { now: 0, narrow: 0 });
});

afterEach(() => {
  faults.clear();
  vi.useRealTimers();
});

describe("a background run", () => {
  test("is answered 202 with its id and where it is, and runs to its end", async () => {
    const response = await background("echo", { n: 1 });
    const answer = await accepted(response);

    expect(response.headers.get("Location")).toBe(`/api/agents/runs/${answer.run_id}`);
    expect(response.headers.get("Preference-Applied")).toBe("respond-async");
    expect(answer).toMatchObject({ success: false, status: "queued", started_at: null });
    expect(await ended(answer.run_id)).toMatchObject({ status: "completed", output: { n: 1 }, attempt: 1 });
    await expectUsageToEqualTheRows();
  });

  test("that its caller waits for is answered 200 if it ends in time, and 202 if not", async () => {
    const quick = await ask("echo", { params: { n: 2 } }, { Prefer: "wait=20" });
    expect(quick.status).toBe(200);
    expect(quick.headers.get("Preference-Applied")).toBe("wait=20");
    expect(await quick.json()).toMatchObject({ status: "completed", output: { n: 2 } });

    const slow = await accepted(await ask("echo", { params: { sleep_ms: 2_500 } }, { Prefer: "wait=1" }));
    expect(slow.status).toBe("running");
    expect(await ended(slow.run_id)).toMatchObject({ status: "completed" });
  });

  test("joined under its key is the same run", async () => {
    const headers = { Prefer: "respond-async", "Idempotency-Key": "background-1" };
    const first = await accepted(await ask("echo", { params: { sleep_ms: 300 } }, headers));
    const second = await ask("echo", { params: { sleep_ms: 300 } }, headers);
    expect(second.headers.get("Idempotency-Replayed")).toBe("true");
    expect((await accepted(second)).run_id).toBe(first.run_id);
    await ended(first.run_id);
  });

  test("that is delayed starts no earlier, by seconds or by an instant", async () => {
    const delayed = await accepted(await ask("echo", { delay_s: 1.2 }));
    const dated = await accepted(await ask("echo", { run_at: new Date(Date.now() + 1_200).toISOString() }));
    for (const { run_id } of [delayed, dated]) {
      const run = await ended(run_id);
      expect(run.status).toBe("completed");
      expect(Date.parse(run.started_at ?? "") - Date.parse(run.created_at)).toBeGreaterThanOrEqual(1_190);
    }
  });

  test("that is delayed says until when, and its agent is idle until then", async () => {
    const runAt = new Date(Date.now() + 3_600_000).toISOString();
    const { run_id } = await accepted(await ask("echo", { run_at: runAt, priority: 7 }));
    const shown = await getJson<{ run_at: string | null; priority: number }>(`/api/agents/runs/${run_id}`);
    expect(shown).toMatchObject({ status: "queued", run_at: runAt, priority: 7 });
    expect((await getJson<{ status: string }>("/api/agents/echo")).status).toBe("idle");
    const cancelled = await request(`/api/agents/runs/${run_id}/cancel`, { method: "POST" });
    expect(await cancelled.json()).toMatchObject({ status: "cancelled", run_at: null });
  });

  test.for([
    { delay_s: 1, run_at: "2030-01-01T00:00:00Z" },
    { delay_s: -1 },
    { run_at: "soon" },
    { timeout_ms: 0 },
    { priority: 101 },
  ])("asked for with %o is answered 422", async (body) => {
    expect((await ask("echo", body)).status).toBe(422);
  });
});

describe("the queue of an agent", () => {
  test("lets no more run at once than the limit, and starts the next as soon as a slot is free", async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, async (_, mark) => accepted(await background("narrow", { mark, sleep_ms: 30 }))),
    );
    for (const { run_id } of answers) expect(await ended(run_id)).toMatchObject({ status: "completed" });
    expect(mostAtOnce.narrow).toBe(2);
    expect(started).toHaveLength(12);
    await expectUsageToEqualTheRows();
  });

  test("starts what has priority first, and equals in the order in which they came", async () => {
    const blockers = await Promise.all([1, 2].map(() => background("narrow", { mark: "blocker", sleep_ms: 600 })));
    await expect.poll(() => started.length).toBe(2);
    const asked = [
      ["a", 0],
      ["b", 5],
      ["c", 0],
      ["d", 5],
      ["e", -5],
    ] as const;
    const answers: RunAnswer[] = [];
    for (const [mark, priority] of asked) {
      answers.push(await accepted(await background("narrow", { mark, sleep_ms: 20 }, { priority })));
    }
    for (const { run_id } of answers) await ended(run_id);
    for (const blocker of blockers) await ended((await accepted(blocker)).run_id);
    expect(started.slice(2)).toEqual(["b", "d", "a", "c", "e"]);
  });

  test("gives a caller at the limit a place, and 202", async () => {
    await Promise.all([1, 2].map((mark) => background("narrow", { mark, sleep_ms: 500 })));
    await expect.poll(() => started.length).toBe(2);
    const third = await accepted(await ask("narrow", { params: { mark: 3 } }));
    expect(third.status).toBe("queued");
    expect(await ended(third.run_id)).toMatchObject({ status: "completed", output: 3 });
  });

  test("that is full answers 429 queue_full with Retry-After", async () => {
    const responses = await Promise.all(
      Array.from({ length: 25 }, (_, mark) => background("narrow", { mark, sleep_ms: 50 }, { delay_s: 3_600 })),
    );
    const refused = responses.filter((response) => response.status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(5);
    expect(refused[0]?.headers.get("Retry-After")).toBe("5");
    expect(await refused[0]?.json()).toMatchObject({ code: "queue_full" });
    for (const { id } of await storedRuns("narrow")) await request(`/api/agents/runs/${id}/cancel`, { method: "POST" });
  });

  test("closes a run that waits longer than it may", async () => {
    const { run_id } = await accepted(await background("narrow", { mark: 1 }, { delay_s: 30 }));
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2 * MINUTE_MS });
    await everyMinute(env);
    expect(await getJson(`/api/agents/runs/${run_id}`)).toMatchObject({
      status: "timed_out",
      error: "The run waited over 60000 ms for its turn.",
    });
    expect(started).toEqual([]);
  });

  test("is not lost with its wakes: the sweep sends them again", async () => {
    await Promise.all([1, 2].map((mark) => background("narrow", { mark, sleep_ms: 100 }, { delay_s: 20 })));
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 30_000 }); // their own wakes come in 20 real seconds
    await everyMinute(env);
    await expect
      .poll(async () => (await storedRuns("narrow")).map((run) => run.status))
      .toEqual(["completed", "completed"]);
  });

  test("survives a crash of its coordinator", async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, async (_, mark) => accepted(await background("narrow", { mark, sleep_ms: 100 }))),
    );
    await runInDurableObject(env.COORDINATOR.getByName("narrow"), (_instance, state) => state.abort("crash")).catch(
      () => {},
    );
    await expect
      .poll(
        async () => {
          await everyMinute(env);
          return (await storedRuns("narrow")).map((run) => run.status);
        },
        { timeout: 8_000 },
      )
      .toEqual(Array(6).fill("completed"));
    expect(started).toHaveLength(6);
    expect(answers).toHaveLength(6);
    await expectUsageToEqualTheRows();
  });
});

describe("a run that fails", () => {
  test("is tried again as its agent says, and its usage counts over all attempts", async () => {
    const answer = await (await ask("flaky", { params: { succeedsAt: 3 } })).json<RunAnswer>();
    expect(answer).toMatchObject({
      status: "completed",
      attempt: 3,
      output: "attempt 3",
      tokens_input: 30,
      estimated_cost: 1.5,
    });
    await expectUsageToEqualTheRows();
  });

  test("for the last time stays failed, with the last error", async () => {
    const answer = await (await ask("flaky", { params: { succeedsAt: 9 } })).json<RunAnswer>();
    expect(answer).toMatchObject({ status: "failed", attempt: 3, error: "attempt 3 failed", tokens_input: 30 });
  });

  test("with a NonRetryableError is not tried again", async () => {
    const answer = await (await ask("flaky", { params: { succeedsAt: 2, how: "never" } })).json<RunAnswer>();
    expect(answer).toMatchObject({ status: "failed", attempt: 1, error: "it is no use" });
  });

  test("with a RetryAfterError is tried again after that time", async () => {
    const beforeMs = Date.now();
    const answer = await (await ask("flaky", { params: { succeedsAt: 2, how: "after" } })).json<RunAnswer>();
    expect(answer).toMatchObject({ status: "completed", attempt: 2 });
    expect(Date.now() - beforeMs).toBeGreaterThanOrEqual(1_500);
  });

  test("at its deadline is tried again", async () => {
    const answer = await (await ask("flaky", { params: { succeedsAt: 2, how: "hang" } })).json<RunAnswer>();
    expect(answer).toMatchObject({ status: "completed", attempt: 2 });
  });

  test("because its executor vanished is tried again, and only where its agent allows it", async () => {
    const begin = (agent: string, maxAttempts: number) =>
      env.COORDINATOR.getByName(agent).begin({
        requestKey: crypto.randomUUID(),
        fingerprint: null,
        leaseKey: "an executor that vanishes",
        mode: "execute",
        agentVersion: 0,
        framework: "code",
        inputJson: '{"succeedsAt":2}',
        policy: {
          concurrency: 5,
          timeoutMs: 300,
          queueTtlMs: 3_600_000,
          serviceOrigin: "",
          job: null,
          webhookUrl: null,
          retry: { maxAttempts, minDelayMs: 1, maxDelayMs: 1, factor: 1, on: ["interrupted"] },
        },
        trigger: "api",
        replayOf: null,
        whenFull: "queue",
        maxQueued: 10,
        priority: 0,
        availableAtMs: null,
      });
    const repeatable = await begin("flaky", 3);
    const once = await begin("echo", 1);
    if (!repeatable.ok || !once.ok) throw new Error("refused");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + MINUTE_MS });
    await everyMinute(env);
    vi.setSystemTime(Date.now() + 1_000); // the wait before the next attempt
    await everyMinute(env);
    expect(await ended(repeatable.runId)).toMatchObject({ attempt: 2, output: "attempt 2" });
    expect(await ended(once.runId)).toMatchObject({ status: "interrupted", attempt: 1 });
    await expectUsageToEqualTheRows();
  });
});

test("a caller may ask for a shorter deadline, and not for a longer one", async () => {
  const shorter = await (await ask("echo", { params: { sleep_ms: 2_000 }, timeout_ms: 100 })).json<RunAnswer>();
  expect(shorter).toMatchObject({ status: "timed_out", error: expect.stringContaining("deadline of 100 ms") });
  const longer = await (await ask("deaf", { timeout_ms: 60_000 })).json<RunAnswer>();
  expect(longer).toMatchObject({ status: "timed_out", error: expect.stringContaining("deadline of 100 ms") });
});

describe("cancel", () => {
  const cancel = (id: number) => request(`/api/agents/runs/${id}/cancel`, { method: "POST" });

  test("of a queued run is at once, and of a cancelled run no error", async () => {
    const { run_id } = await accepted(await background("echo", {}, { delay_s: 60 }));
    const first = await cancel(run_id);
    expect(first.status).toBe(200);
    expect(await first.json()).toMatchObject({ status: "cancelled", error: "The run was cancelled." });
    expect((await cancel(run_id)).status).toBe(200);
    await expectUsageToEqualTheRows();
  });

  test("of a running run stops it within a heartbeat, frees its slot, and touches no other run", async () => {
    const one = await accepted(await background("echo", { sleep_ms: 20_000 }));
    const other = await accepted(await background("echo", { sleep_ms: 6_000 }));
    await expect.poll(async () => (await storedRuns("echo")).every((run) => run.status === "running")).toBe(true);

    expect((await cancel(one.run_id)).status).toBe(202);
    expect((await cancel(one.run_id)).status).toBe(202);

    const cancelled = await ended(one.run_id);
    expect(cancelled).toMatchObject({ status: "cancelled", output: null });
    expect(cancelled.duration_ms).toBeLessThan(10_000); // of 20 s; how long a heartbeat takes the bench measures
    expect(await ended(other.run_id)).toMatchObject({ status: "completed" });
    await expectUsageToEqualTheRows();
  }, 20_000);

  test("of a run that has ended is answered 409 with what it is", async () => {
    const { run_id } = await (await ask("echo")).json<RunAnswer>();
    const response = await cancel(run_id);
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({
      code: "run_ended",
      detail: `Run ${run_id} has ended already: completed.`,
    });
    expect((await cancel(999_999)).status).toBe(404);
  });

  test("of a run whose executor vanished is done by the sweep", async () => {
    const { run_id } = await accepted(await background("echo", { sleep_ms: 90_000 }));
    await expect.poll(async () => (await storedRuns("echo"))[0]?.status).toBe("running");
    await cancel(run_id);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + MINUTE_MS });
    await everyMinute(env);
    expect(await getJson(`/api/agents/runs/${run_id}`)).toMatchObject({ status: "cancelled" });
  });

  test("makes room for a newer run where the agent says so", async () => {
    const oldest = await accepted(await background("newest-wins", { sleep_ms: 30_000 }));
    await expect.poll(async () => (await storedRuns("newest-wins"))[0]?.status).toBe("running");
    const newest = await accepted(await ask("newest-wins", { params: { sleep_ms: 10 } }));
    expect(await ended(newest.run_id)).toMatchObject({ status: "completed" });
    expect(await ended(oldest.run_id)).toMatchObject({ status: "cancelled" });
  }, 15_000);
});
