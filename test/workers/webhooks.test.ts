import { createExecutionContext, env, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AGENTS, createRegistry } from "../../src/agents/registry.ts";
import type { RunAnswer, RunDetail } from "../../src/contract/run.ts";
import { createApp } from "../../src/http/app.ts";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { claimTry } from "../../src/store/webhook-tries.ts";
import { deliverWebhooks } from "../../src/webhooks/deliver-webhooks.ts";
import { type Fault, faults } from "../faults.ts";
import { expectUsageToEqualTheRows } from "./history.ts";
import { expectSigned, scriptedReceiver } from "./scripted-receiver.ts";
import { getJson, post, readRun, request, rows } from "./service.ts";

const URL_OF_RUN = "https://hooks.example/run";
const MINUTE_MS = 60_000;

interface DeliveryRow {
  run_id: number;
  webhook_id: string;
  status: string;
  attempts: number;
  next_attempt_at: number | null;
}

const deliveries = () => rows<DeliveryRow>("SELECT * FROM webhook_deliveries ORDER BY run_id");
const webhookOf = async (runId: number) => (await readRun(runId)).webhook;

async function ask(agent: string, body: object = {}, headers: Record<string, string> = {}): Promise<RunAnswer> {
  const response = await request(`/api/agents/${agent}/run`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify({ webhook_url: URL_OF_RUN, ...body }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

const background = (agent: string, body: object = {}) => ask(agent, body, { Prefer: "respond-async" });

/** Goes to where the next try is overdue, and has the minute's work done there. */
async function tryAgain(): Promise<void> {
  const [delivery] = await deliveries();
  vi.useFakeTimers({ toFake: ["Date"], now: (delivery?.next_attempt_at ?? 0) + MINUTE_MS / 2 + 1 });
  await everyMinute(env);
}

const loseNextMessage = () =>
  vi.spyOn(env.RUN_QUEUE.constructor.prototype as Queue, "send").mockRejectedValueOnce(new Error("queue is away"));

const settled = (runId: number) => expect.poll(async () => (await webhookOf(runId))?.status).toBe("delivered");

beforeEach(async () => {
  for (const table of ["agent_runs", "usage_daily", "webhook_deliveries"]) await rows(`DELETE FROM ${table}`);
});

afterEach(() => {
  faults.clear();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("a run that asks for a webhook", () => {
  test("tells its end, with the answer that its caller got, signed as Standard Webhooks", async () => {
    const received = scriptedReceiver();
    const answer = await ask("echo", { params: { hello: "wörld" } });
    await settled(answer.run_id);

    expect(received).toHaveLength(1);
    const [message] = received;
    if (message === undefined) throw new Error("nothing was received");
    expect(message.url).toBe(URL_OF_RUN);
    expect(message.init).toMatchObject({ method: "POST", redirect: "manual" });
    expect(message.headers.get("Content-Type")).toBe("application/json");
    expect(JSON.parse(message.body)).toEqual({ type: "run.completed", timestamp: answer.completed_at, data: answer });
    expectSigned(message);
    expect(await webhookOf(answer.run_id)).toEqual({
      url: URL_OF_RUN,
      status: "delivered",
      attempts: 1,
      last_status: 204,
      last_error: null,
      next_attempt_at: null,
    });
  });

  test.for([
    { agent: "thrower", params: {}, type: "run.failed" },
    { agent: "obedient", params: {}, type: "run.timed_out" },
    { agent: "flaky", params: { succeedsAt: 3 }, type: "run.completed" },
  ])("by $agent is told of as $type, once, however many attempts it took", async ({ agent, params, type }) => {
    const received = scriptedReceiver();
    const { run_id } = await ask(agent, { params });
    await settled(run_id);
    expect(received.map(({ body }) => JSON.parse(body).type)).toEqual([type]);
    expect(await deliveries()).toHaveLength(1);
  });

  test("and is cancelled in the queue is told of as run.cancelled", async () => {
    const received = scriptedReceiver();
    const { run_id } = await background("echo", { delay_s: 60 });
    expect(await webhookOf(run_id)).toMatchObject({ url: URL_OF_RUN, status: "waiting", attempts: 0 });
    await post(`/api/agents/runs/${run_id}/cancel`);
    await post(`/api/agents/runs/${run_id}/cancel`);
    await settled(run_id);
    expect(received.map(({ body }) => JSON.parse(body))).toMatchObject([
      { type: "run.cancelled", data: { run_id, status: "cancelled", success: false } },
    ]);
  });

  test("and waits longer than it may is told of as run.timed_out", async () => {
    const received = scriptedReceiver();
    const { run_id } = await background("narrow", { params: { mark: 1 }, delay_s: 30 });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2 * MINUTE_MS });
    await everyMinute(env);
    await settled(run_id);
    expect(received.map(({ body }) => JSON.parse(body).type)).toEqual(["run.timed_out"]);
  });

  test("and loses its executor is told of as run.interrupted", async () => {
    const received = scriptedReceiver();
    const { run_id } = await background("echo", { params: { sleep_ms: 90_000 } });
    await expect.poll(async () => (await readRun(run_id)).status).toBe("running");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + MINUTE_MS });
    await everyMinute(env);
    await settled(run_id);
    expect(received.map(({ body }) => JSON.parse(body).type)).toEqual(["run.interrupted"]);
  });

  test("of its agent goes where the agent says, or where the request does, or nowhere", async () => {
    const received = scriptedReceiver();
    const byAgent = await ask("announced", { webhook_url: undefined });
    const byRequest = await ask("announced");
    const byNobody = await ask("announced", { webhook_url: null });
    await settled(byAgent.run_id);
    await settled(byRequest.run_id);
    expect(received.map(({ url }) => url).sort()).toEqual(["https://hooks.example/agent", URL_OF_RUN]);
    expect(await webhookOf(byNobody.run_id)).toBeNull();
  });
});

test("a run that asks for no webhook costs no statement and no row more", async () => {
  const batch = vi.spyOn(env.DB.constructor.prototype as D1Database, "batch");
  const { run_id } = await ask("echo", { webhook_url: undefined });
  expect(batch.mock.calls.map(([statements]) => statements.length)).toEqual([1, 2]);
  expect(await webhookOf(run_id)).toBeNull();
  expect(await deliveries()).toEqual([]);
});

describe("a try that fails", () => {
  const silence = ({ signal }: RequestInit) =>
    new Promise<Response>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  const down = () => Promise.reject(new TypeError("Network connection lost."));

  test.for([
    { how: "500", answer: 500, last_error: "The receiver answered 500." },
    { how: "404", answer: 404, last_error: "The receiver answered 404." },
    {
      how: "a redirect",
      answer: () => Response.redirect("http://127.0.0.1/", 307),
      last_error: "The receiver answered 307. Redirects are not followed.",
    },
    { how: "silence", answer: silence, last_error: "No answer within 15000 ms." },
    { how: "no connection", answer: down, last_error: "No connection could be made: Network connection lost." },
  ])("with $how is repeated later, under the same id with a new signature", async ({ answer, last_error }) => {
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), ms / 1_000);
      return controller.signal;
    });
    const received = scriptedReceiver(answer);
    const { run_id } = await ask("echo");
    await expect.poll(async () => (await webhookOf(run_id))?.last_error).toBe(last_error);
    const pending = await webhookOf(run_id);
    expect(pending).toMatchObject({ status: "pending", attempts: 1 });
    expect(Date.parse(pending?.next_attempt_at ?? "")).toBeGreaterThan(Date.now() + 25_000);

    await everyMinute(env); // too early
    expect(received).toHaveLength(1);
    await tryAgain();
    await settled(run_id);

    expect(received).toHaveLength(2);
    for (const message of received) expectSigned(message);
    const [first, second] = received.map(({ headers }) => headers);
    expect(second?.get("webhook-id")).toBe(first?.get("webhook-id"));
    expect(second?.get("webhook-timestamp")).not.toBe(first?.get("webhook-timestamp"));
    expect(await webhookOf(run_id)).toMatchObject({ attempts: 2, last_status: 204, last_error: null });
  });

  test("with 410 Gone is the last", async () => {
    const received = scriptedReceiver(410);
    const { run_id } = await ask("echo");
    await expect.poll(async () => (await webhookOf(run_id))?.status).toBe("failed");
    expect(await webhookOf(run_id)).toMatchObject({ attempts: 1, last_status: 410, next_attempt_at: null });
    await everyMinute(env);
    expect(received).toHaveLength(1);
  });

  test("with Retry-After is not repeated before that", async () => {
    scriptedReceiver(() => new Response(null, { status: 429, headers: { "Retry-After": "7200" } }));
    const { run_id } = await ask("echo");
    await expect.poll(async () => (await webhookOf(run_id))?.last_status).toBe(429);
    const next = Date.parse((await webhookOf(run_id))?.next_attempt_at ?? "");
    expect(Math.abs(next - Date.now() - 7_200_000)).toBeLessThan(5_000);
  });

  test("for the eighth time is the last", async () => {
    const received = scriptedReceiver(...Array<number>(8).fill(503));
    const { run_id } = await ask("echo");
    for (let tries = 1; tries < 8; tries++) {
      await expect.poll(async () => (await webhookOf(run_id))?.last_status).toBe(503);
      await rows("UPDATE webhook_deliveries SET last_status = NULL");
      await tryAgain();
    }
    await expect.poll(async () => (await webhookOf(run_id))?.status).toBe("failed");
    expect(await webhookOf(run_id)).toMatchObject({ attempts: 8, last_status: 503, next_attempt_at: null });
    expect(received).toHaveLength(8);
    expect(new Set(received.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
  });
});

describe("a delivery", () => {
  test("whose message is lost is found by the sweep", async () => {
    const received = scriptedReceiver();
    const send = loseNextMessage();
    const { run_id } = await ask("echo");
    await expect.poll(() => send.mock.calls.length).toBe(1);
    expect(await webhookOf(run_id)).toMatchObject({ status: "pending", attempts: 0 });
    await tryAgain();
    await settled(run_id);
    expect(received).toHaveLength(1);
  });

  test("outlives a crash of the coordinator between the close and its message", async () => {
    const received = scriptedReceiver();
    const crash = () =>
      runInDurableObject(env.COORDINATOR.getByName("counted-two"), (_, state) => state.abort("crash")).catch(() => {});
    faults.plan(["none", { beforeReply: crash }]);
    const answer = await ask("counted-two");
    expect(answer.status).toBe("completed");
    expect(await deliveries()).toMatchObject([{ run_id: answer.run_id, status: "pending", attempts: 0 }]);
    await tryAgain();
    await settled(answer.run_id);
    expect(received).toHaveLength(1);
    await expectUsageToEqualTheRows();
  });

  test.for([
    { fault: "lose_reply", times: 1 },
    { fault: "lose_reply", times: 2 },
    { fault: "lose_reply", times: 4 }, // more than one transaction is tried
    { fault: "refuse", times: 1 },
    { fault: "refuse", times: 4 },
  ] as const)("has one row however often its close is repeated ($fault, $times times)", async ({ fault, times }) => {
    const received = scriptedReceiver();
    faults.plan(["none", ...Array<Fault>(times).fill(fault)]);
    const { run_id, status } = await ask("counted-one");
    expect(status).toBe("completed");
    expect(faults.transactions()).toBeGreaterThan(2);
    expect(await deliveries()).toMatchObject([{ run_id }]);
    if (fault === "lose_reply" && times > 3) await tryAgain(); // nobody was left to send its message
    await settled(run_id);
    expect(received).toHaveLength(1);
    await expectUsageToEqualTheRows();
  });

  test("is made for every run of one transaction that asked, and for no other", async () => {
    scriptedReceiver();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => ask("counted-one", n % 3 === 0 ? {} : { webhook_url: null })),
    );
    const asked = answers.filter((_, n) => n % 3 === 0).map((answer) => answer.run_id);
    for (const runId of asked) await settled(runId);
    const stored = await deliveries();
    expect(stored.map((row) => row.run_id)).toEqual(asked.toSorted((a, b) => a - b));
    expect(new Set(stored.map((row) => row.webhook_id)).size).toBe(10);
  });

  test("that many consumers try at once is sent once", async () => {
    const received = scriptedReceiver();
    loseNextMessage();
    const { run_id } = await ask("echo");
    await Promise.all(Array.from({ length: 10 }, () => deliverWebhooks([{ kind: "run", id: run_id }], env)));
    await settled(run_id);
    expect(received).toHaveLength(1);
  });

  test("whose consumer vanishes in a try is tried again, and given up if that was the last", async () => {
    scriptedReceiver();
    loseNextMessage();
    const { run_id: runId } = await ask("echo");
    const claim = (delaysMs: number[]) =>
      claimTry(env.DB, { told: { kind: "run", id: runId }, atMs: Date.now(), dueByMs: Date.now() + 1_000, delaysMs });
    expect(await claim([0, 0])).toMatchObject({ kind: "claimed", attempts: 1 });
    expect(await claim([0, 0])).toMatchObject({ kind: "claimed", attempts: 2 });
    expect(await claim([0, 0])).toEqual({ kind: "gave_up" });
    expect(await claim([0, 0])).toEqual({ kind: "nothing" });
    expect(await webhookOf(runId)).toMatchObject({
      status: "failed",
      last_error: "The outcome of the last try was not recorded.",
    });
  });

  test("can be asked for again once it is through, under the same id", async () => {
    const received = scriptedReceiver(410);
    const { run_id } = await ask("echo");
    await expect.poll(async () => (await webhookOf(run_id))?.status).toBe("failed");
    const again = await post(`/api/agents/runs/${run_id}/webhook/redeliver`);
    expect(again.status).toBe(202);
    expect(await again.json()).toMatchObject({ status: "pending", attempts: 0 });
    await settled(run_id);
    expect(new Set(received.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
    expect(received).toHaveLength(2);
  });

  test("cannot be asked for again while it is under way, nor where there is none", async () => {
    scriptedReceiver(500);
    const { run_id } = await ask("echo");
    const early = await post(`/api/agents/runs/${run_id}/webhook/redeliver`);
    expect(early.status).toBe(409);
    expect(await early.json()).toMatchObject({ code: "webhook_pending" });
    const plain = await ask("echo", { webhook_url: null });
    for (const id of [plain.run_id, 999_999]) {
      const none = await post(`/api/agents/runs/${id}/webhook/redeliver`);
      expect(none.status).toBe(404);
      expect(await none.json()).toMatchObject({ code: "webhook_not_found" });
    }
  });
});

describe("refused, and no run is made:", () => {
  const refused = async (response: Response) => {
    expect(await rows("SELECT id FROM agent_runs")).toEqual([]);
    return { status: response.status, problem: await response.json() };
  };
  const isolated = (path: string, body: object, more: object) =>
    createApp(createRegistry(AGENTS)).fetch(
      new Request(`http://127.0.0.1:8787${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      }),
      { ...env, ...more },
      createExecutionContext(),
    );

  test.for([
    { webhook_url: "not a url", reason: "must be a whole http or https URL" },
    { webhook_url: "ftp://hooks.example/", reason: "must be a whole http or https URL" },
    { webhook_url: "https://me:secret@hooks.example/", reason: "must not carry a user name or a password" },
    { webhook_url: "http://127.0.0.1:9/", reason: "not a public address" },
    { webhook_url: "http://[fd00::1]/", reason: "not a public address" },
    { webhook_url: "https://intranet/", reason: "not a public name" },
    { webhook_url: `https://hooks.example/${"x".repeat(2_000)}`, reason: "2000" },
    { webhook_url: 7, reason: "string" },
  ])("a webhook_url of $webhook_url", async ({ webhook_url, reason }) => {
    const { status, problem } = await refused(await post("/api/agents/echo/run", { webhook_url }));
    expect(status).toBe(422);
    expect(problem).toMatchObject({
      code: "invalid_request",
      errors: [{ field: "webhook_url", reason: expect.stringContaining(reason) }],
    });
  });

  test.for(["", "whsec_?", undefined])("a webhook where the secret is %o", async (WEBHOOK_SECRET) => {
    const response = await isolated("/api/agents/echo/run", { webhook_url: URL_OF_RUN }, { WEBHOOK_SECRET });
    const { status, problem } = await refused(response);
    expect(status).toBe(409);
    expect(problem).toMatchObject({
      code: "webhook_not_configured",
      detail: expect.stringContaining("npx wrangler secret put WEBHOOK_SECRET"),
    });
  });

  test("a run of an agent whose own webhookUrl may not be used", async () => {
    const { status, problem } = await refused(await post("/api/agents/misannounced/run"));
    expect(status).toBe(409);
    expect(problem).toMatchObject({ code: "webhook_not_configured", detail: expect.stringContaining("10.0.0.1") });
  });
});

test("another webhook under the same Idempotency-Key is another request", async () => {
  scriptedReceiver();
  const headers = { "Idempotency-Key": "webhooks-1" };
  const first = await ask("echo", {}, headers);
  expect((await ask("echo", {}, headers)).run_id).toBe(first.run_id);
  await expect(ask("echo", { webhook_url: "https://hooks.example/other" }, headers)).rejects.toThrow("422");
  expect(await deliveries()).toHaveLength(1);
});

test("the secret is in no row, no log line and no answer", async () => {
  const logged = (["log", "warn", "error"] as const).map((level) => vi.spyOn(console, level));
  const received = scriptedReceiver(500);
  const { run_id } = await ask("echo");
  await expect.poll(async () => (await webhookOf(run_id))?.last_status).toBe(500);
  const detail = await getJson<RunDetail>(`/api/agents/runs/${run_id}`);
  const stored = [...(await rows("SELECT * FROM agent_runs")), ...(await deliveries())];
  const lines = logged.flatMap((spy) => spy.mock.calls);
  expect(JSON.stringify(lines)).toContain("webhook.pending");
  const everything = JSON.stringify({ stored, detail, lines, received: received.map(({ body }) => body) });
  expect(everything).not.toContain("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  expect(JSON.stringify(lines)).not.toContain("hooks.example"); // a URL may hold a token of the receiver's
});
