import { createExecutionContext, env } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { AGENTS, createRegistry } from "../../src/agents/registry.ts";
import type { RunAnswer } from "../../src/contract/run.ts";
import type { Env } from "../../src/env.ts";
import { createApp } from "../../src/http/app.ts";
import { TEST_AGENTS } from "../agents.ts";
import { type Received, receive } from "./event-source.ts";
import { expectAnswerToBeStored } from "./history.ts";
import { post, readRun, request, rows, run } from "./service.ts";

const STREAM = { Accept: "text/event-stream" };

const follow = (id: number, headers: Record<string, string> = {}, query = "") =>
  request(`/api/agents/runs/${id}/events${query}`, { headers: { ...STREAM, ...headers } });

const ask = (agent: string, params: object, headers: Record<string, string> = {}) =>
  request(`/api/agents/${agent}/run`, {
    method: "POST",
    headers: { ...STREAM, "Content-Type": "application/json", ...headers },
    body: JSON.stringify({ params }),
  });

const ids = (received: Received[]) => received.map(({ id }) => id);
const names = (received: Received[]) => received.map(({ event }) => event);

/** A run that goes on, and what it takes to end it. */
async function running(params: object): Promise<{ id: number; answer: Promise<Response> }> {
  const [newest] = await rows<{ id: number }>("SELECT coalesce(max(id), 0) AS id FROM agent_runs");
  const answer = post("/api/agents/talker/run", { params });
  const after = newest?.id ?? 0;
  const begun = async () => (await rows<{ id: number }>("SELECT id FROM agent_runs WHERE id > ?1", after))[0]?.id;
  await expect.poll(begun).toBeDefined();
  return { id: (await begun()) ?? 0, answer };
}

afterEach(() => vi.useRealTimers());

describe("the events of a run that has ended", () => {
  test("are each sent once, in order, then its answer, and the stream closes", async () => {
    const answer = await run("talker", { lines: 3, succeedsAt: 2 });
    const response = await follow(answer.run_id);
    expect(response.headers.get("Content-Type")).toContain("text/event-stream");
    expect(response.headers.get("Vary")).toContain("Accept");
    const received = await receive(response);
    expect(ids(received)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "end"]);
    expect(names(received).slice(2, 5)).toEqual(["log", "attempt_ended", "log"]);
    expect(received.slice(0, -1).map(({ data }) => data)).toEqual((await readRun(answer.run_id)).events);
    expect(received.at(-1)).toMatchObject({ event: "end", data: { run_id: answer.run_id, status: "completed" } });
    await expectAnswerToBeStored(received.at(-1)?.data as RunAnswer);
  });

  test("are gone on with at any of them, without loss or repeat", async () => {
    const { run_id } = await run("talker", { lines: 7 });
    const all = await receive(await follow(run_id));
    for (let seq = 0; seq <= 7; seq++) {
      expect(await receive(await follow(run_id, { "Last-Event-ID": `${seq}` }))).toEqual(all.slice(seq));
      expect(await receive(await follow(run_id, {}, `?after=${seq}`))).toEqual(all.slice(seq));
    }
  });

  test("are all that there is for who has had the end: 204, on which an EventSource stops", async () => {
    const { run_id } = await run("talker", { lines: 1 });
    const response = await follow(run_id, { "Last-Event-ID": "end" });
    expect([response.status, await response.text()]).toEqual([204, ""]);
  });

  test("are sent however many there are", async () => {
    const { run_id } = await run("talker", { lines: 200, succeedsAt: 9 });
    expect(ids(await receive(await follow(run_id)))).toEqual([
      ...Array.from({ length: 603 }, (_, index) => `${index + 1}`),
      "end",
    ]);
  });
});

test("Last-Event-ID goes before after, which stays in an EventSource's URL", async () => {
  const { run_id } = await run("talker", { lines: 4 });
  const received = await receive(await follow(run_id, { "Last-Event-ID": "3" }, "?after=1"));
  expect(ids(received)).toEqual(["4", "end"]);
});

test("a run's events are sent while it goes on, over any number of connections, without loss or repeat", async () => {
  const { id, answer } = await running({ lines: 8, pause_ms: 400 });
  const received: Received[] = [];
  let connections = 0;
  while (received.at(-1)?.event !== "end") {
    connections++;
    const last = received.at(-1)?.id;
    received.push(
      ...(await receive(await follow(id, last ? { "Last-Event-ID": last } : {}), (some) => some.length > 0)),
    );
    if (connections === 1) expect((await readRun(id)).status).toBe("running");
  }
  expect(connections).toBeGreaterThan(2);
  expect(ids(received)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "end"]);
  await answer;
}, 15_000);

test.for([
  "\n\ndata: {}\n\nevent: end\ndata: {}\n\n",
  "\r\rid: 9\r\n\r\n",
  "\u2028\u2029\u0000\u0085",
  ": x",
  "\ud800",
])("an agent that says %j cannot break the stream", async (message) => {
  const { run_id } = await run("talker", { lines: 2, message });
  const received = await receive(await follow(run_id));
  expect(ids(received)).toEqual(["1", "2", "end"]);
  expect(names(received)).toEqual(["log", "log", "end"]);
  expect(received[0]?.data).toMatchObject({ message: `${message} 1.1`.toWellFormed() });
});

describe("POST /api/agents/{name}/run as a stream", () => {
  test("says what run it is, what it says, and how it ends", async () => {
    const response = await ask("talker", { lines: 2 });
    expect(response.status).toBe(200);
    const received = await receive(response);
    expect(names(received)).toEqual(["accepted", "log", "log", "end"]);
    const run_id = Number(response.headers.get("Location")?.split("/").at(-1));
    expect(response.headers.get("Location")).toBe(`/api/agents/runs/${run_id}`);
    expect(received[0]?.data).toEqual({ run_id });
    expect(received.at(-1)?.data).toMatchObject({ run_id, success: true, output: "said" });
    await expectAnswerToBeStored(received.at(-1)?.data as RunAnswer);
    // A client that lost the connection goes on elsewhere with the id that it has.
    expect(await receive(await follow(run_id, { "Last-Event-ID": "0" }))).toEqual(received.slice(1));
  });

  test("goes on through the attempts, whoever executes them", async () => {
    const received = await receive(await ask("talker", { lines: 1, succeedsAt: 3 }));
    expect(names(received)).toEqual(
      ["accepted", "log", "attempt_ended", "log", "attempt_ended", "log", "attempt_ended", "end"], //
    );
    expect(received.at(-1)?.data).toMatchObject({ status: "completed", attempt: 3 });
  });

  test("follows a run that is queued", async () => {
    const response = await ask("talker", { lines: 1 }, { Prefer: "respond-async" });
    expect([response.status, response.headers.get("Preference-Applied")]).toEqual([200, "respond-async"]);
    expect(names(await receive(response))).toEqual(["accepted", "log", "end"]);
  });

  test("follows a run that it joins, from its first event", async () => {
    const headers = { "Idempotency-Key": "stream-1" };
    const first = await receive(await ask("talker", { lines: 2 }, headers));
    const response = await ask("talker", { lines: 2 }, headers);
    expect(response.headers.get("Idempotency-Replayed")).toBe("true");
    expect(await receive(response)).toEqual(first);
  });

  test("ends with the cancellation of its run", async () => {
    const response = await ask("talker", { lines: 50, pause_ms: 500 });
    const id = Number(response.headers.get("Location")?.split("/").at(-1));
    expect((await post(`/api/agents/runs/${id}/cancel`)).status).toBe(202);
    const received = await receive(response);
    expect(names(received)).toContain("cancel_requested");
    expect(received.at(-1)).toMatchObject({ event: "end", data: { status: "cancelled" } });
  }, 15_000);

  test.for([
    { agent: "nobody", params: {}, status: 404 },
    { agent: "retired", params: {}, status: 409 },
    { agent: "strict", params: {}, status: 422 },
  ])("is answered $status as any other where $agent is not accepted", async ({ agent, params, status }) => {
    const response = await ask(agent, params);
    expect(response.status).toBe(status);
    expect(response.headers.get("Content-Type")).toContain("application/problem+json");
  });
});

describe("a stream is not", () => {
  test.for([
    { of: "an absent run", id: 999_999, headers: {}, status: 404 },
    { of: "a foreign Last-Event-ID", id: 1, headers: { "Last-Event-ID": "abc" }, status: 422 },
    { of: "an absent run after its end", id: 999_999, headers: { "Last-Event-ID": "end" }, status: 404 },
  ])("opened for $of: $status", async ({ id, headers, status }) => {
    await run("echo");
    const response = await follow(id, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get("Content-Type")).toContain("application/problem+json");
  });

  test.for(["*/*", "application/json, text/event-stream", "text/*;q=0.1, application/json", "text/event-stream;q=0"])(
    "what a caller gets who accepts %s",
    async (accept) => {
      const { run_id } = await run("echo");
      const response = await request(`/api/agents/runs/${run_id}/events`, { headers: { Accept: accept } });
      expect(response.headers.get("Content-Type")).toContain("application/json");
    },
  );

  test("the answer to HEAD", async () => {
    const { run_id } = await run("echo");
    const response = await request(`/api/agents/runs/${run_id}/events`, { method: "HEAD", headers: STREAM });
    expect(response.headers.get("Content-Type")).toContain("application/json");
  });
});

describe("a connection", () => {
  const app = createApp(createRegistry([...AGENTS, ...TEST_AGENTS]));
  const origin = "http://127.0.0.1:8787";

  /** The service over a D1 whose answers are counted, and may fail. */
  async function connect(path: string, init: RequestInit = {}, variables: Partial<Env> = {}) {
    const counter = { statements: 0, fails: false };
    const DB = new Proxy(env.DB, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property);
        if (property !== "prepare") return typeof value === "function" ? value.bind(target) : value;
        return (sql: string) => {
          counter.statements++;
          if (counter.fails) throw new Error("D1 is away");
          return target.prepare(sql);
        };
      },
    });
    const asked = new Request(`${origin}${path}`, { ...init, headers: { ...STREAM, ...init.headers } });
    const response = await app.fetch(asked, { ...env, DB, ...variables }, createExecutionContext());
    return { response, counter };
  }

  const pause = (delayMs: number) => new Promise((wake) => setTimeout(wake, delayMs));

  test("without a token is refused", async () => {
    const { response } = await connect("/api/agents/runs/1/events", {}, { LOCAL_OPEN: "false", ADMIN_TOKEN: "secret" });
    expect(response.status).toBe(401);
  });

  test("that the client leaves asks D1 no more", async () => {
    const { id, answer } = await running({ lines: 3, pause_ms: 1_000 });
    const { response, counter } = await connect(`/api/agents/runs/${id}/events`);
    await receive(response, (received) => received.length > 0);
    await pause(1_000); // the question that was on its way
    const asked = counter.statements;
    await pause(1_500);
    expect(counter.statements).toBe(asked);
    await answer;
  }, 10_000);

  test("asks D1 ever less often, up to once a second", async () => {
    const { id, answer } = await running({ lines: 1, pause_ms: 3_500 });
    const { response, counter } = await connect(`/api/agents/runs/${id}/events`);
    expect(names(await receive(response))).toEqual(["log", "end"]);
    expect(counter.statements).toBeLessThan(18);
    await answer;
  }, 10_000);

  test("that is quiet says so every 15 seconds, and closes after ten minutes without an end", async () => {
    const { id, answer } = await running({ lines: 1, pause_ms: 6_000 });
    const { response } = await connect(`/api/agents/runs/${id}/events`, { headers: { "Last-Event-ID": "1" } });
    const startMs = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: startMs + 15_100 });
    const received = await receive(response, ({ length }) => {
      if (length === 1) vi.setSystemTime(startMs + 10 * 60_000);
      return false;
    });
    expect(names(received)).toEqual([":"]);
    vi.useRealTimers();
    expect((await readRun(id)).status).toBe("running");
    await answer;
  }, 10_000);

  test("that cannot read the history closes, and the next goes on where it was", async () => {
    const { id, answer } = await running({ lines: 3, pause_ms: 1_200 });
    const { response, counter } = await connect(`/api/agents/runs/${id}/events`);
    const first = await receive(response, (received) => {
      counter.fails = received.length > 0;
      return false;
    });
    expect(names(first)).not.toContain("end");
    const rest = await receive(await follow(id, { "Last-Event-ID": first.at(-1)?.id ?? "" }));
    expect(ids([...first, ...rest])).toEqual(["1", "2", "3", "end"]);
    await answer;
  }, 10_000);
});
