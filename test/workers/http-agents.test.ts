import { createExecutionContext, env, waitOnExecutionContext } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { AGENTS, createRegistry } from "../../src/agents/registry.ts";
import type { RunAnswer } from "../../src/contract/run.ts";
import { createApp } from "../../src/http/app.ts";
import { expectAnswerToBeStored, expectUsageToEqualTheRows } from "./history.ts";
import { event, eventStream, isSigned, remote, remoteAgent } from "./remote-agent.ts";
import { silence } from "./scripted-site.ts";
import { readRun, run } from "./service.ts";

const RETRY = { retry: { max_attempts: 3, min_delay_ms: 1, max_delay_ms: 1 } };
const MB = 1024 * 1024;

afterEach(() => vi.restoreAllMocks());

describe("an agent elsewhere", () => {
  test("gets each attempt as one POST that says what is to be done and until when, signed with the secret", async () => {
    const calls = remote(() => Response.json({ output: "done" }));
    const agent = await remoteAgent({}, { timeout_ms: 9_000 });
    const answer = await run(agent, { city: "Zürich" });

    expect(answer).toMatchObject({ status: "completed", output: "done" });
    expect(calls).toHaveLength(1);
    const [call] = calls;
    if (call === undefined) throw new Error("it was not asked");
    expect(call).toMatchObject({ url: "https://remote.example/agent", init: { method: "POST", redirect: "manual" } });
    expect(call.body).toMatchObject({ run_id: answer.run_id, attempt: 1, agent, params: { city: "Zürich" } });
    expect(Date.parse(call.body.deadline) - Date.parse(answer.started_at ?? "")).toBeLessThan(9_500);
    expect(call.body.completion?.url).toBe(`http://127.0.0.1:8787/api/agents/runs/${answer.run_id}/complete`);
    expect(call.headers.get("Content-Type")).toBe("application/json");
    expect(call.headers.get("Authorization")).toBeNull();
    expect(isSigned(call)).toBe(true);
    expect(isSigned({ ...call, init: { ...call.init, body: `${call.init.body} ` } })).toBe(false);
  });

  test("answers JSON with its usage, and that is what the history has", async () => {
    const usage = { input_tokens: 120, output_tokens: 30, cost_usd: 0.002 };
    remote(() => Response.json({ output: { n: 1 }, usage, more: "is passed over" }));
    const answer = await run(await remoteAgent());
    expect(answer).toMatchObject({ output: { n: 1 }, tokens_input: 120, tokens_output: 30, estimated_cost: 0.002 });
    await expectAnswerToBeStored(answer);
    await expectUsageToEqualTheRows();
  });

  test("is asked again after a failure that may pass, each time as another attempt with an id of its own", async () => {
    const answers = [
      () => new Response("later", { status: 503, headers: { "Retry-After": "0" } }),
      () => {
        throw new TypeError("Network connection lost.");
      },
      () => Response.json({ output: 3 }),
    ];
    const calls = remote((_call, count) => (answers[count - 1] ?? Response.error)());
    const answer = await run(await remoteAgent({}, RETRY));
    expect(answer).toMatchObject({ status: "completed", output: 3, attempt: 3 });
    expect(calls.map(({ body }) => body.attempt)).toEqual([1, 2, 3]);
    expect(calls.map(({ headers }) => headers.get("webhook-id"))).toEqual([
      `run_${answer.run_id}_1`,
      `run_${answer.run_id}_2`,
      `run_${answer.run_id}_3`,
    ]);
    expect(new Set(calls.map(({ body }) => body.completion?.token)).size).toBe(3);
    expect(calls.every(isSigned)).toBe(true);
  });

  test.for([
    [429, 2],
    [408, 2],
    [500, 2],
    [400, 1],
    [401, 1],
    [404, 1],
    [422, 1],
  ] as const)(
    "that answers %i is asked %i times where two are allowed, and its reason is the run's",
    async ([status, times]) => {
      const calls = remote(() => Response.json({ detail: "no such\n city" }, { status }));
      const answer = await run(await remoteAgent({}, { retry: { ...RETRY.retry, max_attempts: 2 } }));
      expect(answer).toMatchObject({
        status: "failed",
        error: expect.stringContaining(`answered ${status}: no such city`),
      });
      expect(calls).toHaveLength(times);
    },
  );

  test("whose output its schema refuses fails, by field", async () => {
    remote(() => Response.json({ output: { answer: "forty-two" } }));
    const schema = { type: "object", properties: { answer: { type: "number" } }, required: ["answer"] };
    const answer = await run(await remoteAgent({ output_schema: schema }));
    expect(answer).toMatchObject({ status: "failed", error: expect.stringContaining("output.answer") });
  });

  test("is not called without a secret to sign with, and the run says which to set", async () => {
    const calls = remote(() => Response.json({ output: 1 }));
    const agent = await remoteAgent({}, RETRY);
    const ctx = createExecutionContext();
    const { HTTP_AGENT_SECRET: _secret, ...bindings } = env;
    const url = `http://127.0.0.1:8787/api/agents/${agent}/run`;
    const response = await createApp(createRegistry(AGENTS)).fetch(new Request(url, { method: "POST" }), bindings, ctx);
    await waitOnExecutionContext(ctx);
    expect(await response.json<RunAnswer>()).toMatchObject({
      status: "failed",
      attempt: 1,
      error: expect.stringContaining("npx wrangler secret put HTTP_AGENT_SECRET"),
    });
    expect(calls).toHaveLength(0);
  });
});

describe("an agent elsewhere that streams", () => {
  test("has its lines and its progress in the run's events, its usage counted, and its output, however the bytes come", async () => {
    const text =
      ": a comment\n\n" +
      event("log", { message: "größer", data: { n: 1 } }) +
      event("progress", { message: "half", percent: 50 }) +
      event("usage", { input_tokens: 5, cost_usd: 0.5 }) +
      event("nonsense", "{not JSON") +
      event("output", { output: { done: true }, usage: { output_tokens: 7 } }) +
      event("output", { output: "too late" });
    const bytes = new TextEncoder().encode(text.replaceAll("\n", "\r\n"));
    remote(() => eventStream(...Array.from(bytes, (byte) => new Uint8Array([byte]))));
    const answer = await run(await remoteAgent());
    expect(answer).toMatchObject({
      status: "completed",
      output: { done: true },
      tokens_input: 5,
      tokens_output: 7,
      estimated_cost: 0.5,
    });
    const { events } = await readRun(answer.run_id);
    expect(events).toMatchObject([
      { message: "größer", data: { n: 1 } },
      { message: "half", data: { percent: 50 } },
    ]);
  });

  test.for([
    ["that ends early", ["data: {}\n\n"], "the remote agent's stream ended without an output event"],
    ["cut in the middle of its output", ['event: output\ndata: {"output": 1'], "ended without an output event"],
    ["whose connection breaks", [new Error("Network connection lost.")], "Network connection lost."],
    ["with a log that is not JSON", [event("log", "{")], "the remote agent's log event is not JSON"],
    ["with an output that lacks it", [event("output", {})], "output event is not as it should be: output"],
    [
      "with usage below zero",
      [event("usage", { input_tokens: -1 })],
      "usage event is not as it should be: input_tokens",
    ],
    ["that says no", [event("error", { message: "the moon is away" })], "the moon is away"],
    ["that is not UTF-8", [new Uint8Array([0xff, 0xfe])], "the remote agent's answer is not UTF-8"],
  ] as const)("%s fails the run with the reason, and what it used before counts", async ([, pieces, reason]) => {
    remote(() => eventStream(event("usage", { input_tokens: 11, cost_usd: 0.25 }), ...pieces));
    const answer = await run(await remoteAgent());
    expect(answer).toMatchObject({ status: "failed", tokens_input: 11, estimated_cost: 0.25 });
    expect(answer.error).toContain(reason);
    await expectUsageToEqualTheRows();
  });

  test.for([
    [{ message: "no" }, 2],
    [{ message: "no", retry_after_s: 0 }, 2],
    [{ message: "no", retryable: false }, 1],
  ] as const)("and says %j is asked %i times where two are allowed", async ([error, times]) => {
    const calls = remote(() => eventStream(event("error", error)));
    await run(await remoteAgent({}, { retry: { ...RETRY.retry, max_attempts: 2 } }));
    expect(calls).toHaveLength(times);
  });

  test("in drips that never end is timed out at its deadline, with what it said by then", async () => {
    let stopped: AbortSignal | null | undefined;
    remote(({ init }) => {
      stopped = init.signal;
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          await scheduler.wait(20);
          if (init.signal?.aborted) controller.error(init.signal.reason);
          else controller.enqueue(new TextEncoder().encode(event("log", { message: "still here" })));
        },
      });
      return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    });
    const answer = await run(await remoteAgent({}, { timeout_ms: 200 }));
    expect(answer).toMatchObject({ status: "timed_out", error: expect.stringContaining("deadline of 200 ms") });
    expect(stopped?.aborted).toBe(true);
    expect((await readRun(answer.run_id)).events[0]).toMatchObject({ message: "still here" });
  });
});

describe("what a remote agent must not answer fails the run with the reason:", () => {
  const html = { headers: { "Content-Type": "text/html" } };
  const bytes = (length: number, type: string) =>
    new Response(new Uint8Array(length).fill(0x20), { headers: { "Content-Type": type } });
  test.for([
    ["a page", () => new Response("<h1>Hello", html), "answered text/html, which is neither JSON nor an event stream"],
    ["nothing", () => new Response(null), "something without a Content-Type"],
    ["no JSON", () => new Response("{", { headers: { "Content-Type": "application/json" } }), "answer is not JSON"],
    ["JSON without an output", () => Response.json({ result: 1 }), "not as it should be: output: is missing"],
    ["a list", () => Response.json([1]), "answer is not as it should be"],
    ["impossible usage", () => Response.json({ output: 1, usage: { cost_usd: "free" } }), "usage.cost_usd"],
    ["over 1 MiB of JSON", () => bytes(MB + 1, "application/json"), "answered more than 1048576 bytes"],
    ["over 8 MiB of events", () => bytes(8 * MB + 1, "text/event-stream"), "answered more than 8388608 bytes"],
  ] as const)("a remote agent's %s", async ([, answerWith, reason]) => {
    remote(answerWith);
    const answer = await run(await remoteAgent());
    expect(answer.status).toBe("failed");
    expect(answer.error).toContain(reason);
  });

  test("no answer at all, until the deadline", async () => {
    remote(({ init }) => silence(init));
    const answer = await run(await remoteAgent({}, { timeout_ms: 100 }));
    expect(answer).toMatchObject({ status: "timed_out", error: expect.stringContaining("deadline of 100 ms") });
  });
});

describe("a remote agent's redirect", () => {
  const to = (location: string | null, status = 307) =>
    new Response(null, { status, headers: location === null ? {} : { Location: location } });

  test("that keeps the POST is followed, with the same signed body", async () => {
    const calls = remote(({ url }) =>
      url.endsWith("/agent") ? to("/moved", 308) : Response.json({ output: "from there" }),
    );
    expect((await run(await remoteAgent())).output).toBe("from there");
    expect(calls.map(({ url }) => url)).toEqual(["https://remote.example/agent", "https://remote.example/moved"]);
    expect(calls.every(isSigned)).toBe(true);
  });

  test.for([
    "http://127.0.0.1/",
    "http://[::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "http://localhost:8787/api/agents",
    "http://2130706433/",
  ])("to %s is refused, never asked, and not tried again", async (location) => {
    const calls = remote(() => to(location));
    const answer = await run(await remoteAgent({}, RETRY));
    expect(answer.error).toMatch(/^the remote agent's redirect is refused: /);
    expect(calls.map(({ url }) => url)).toEqual(["https://remote.example/agent"]);
  });

  test.for([
    [() => to("/moved", 302), "redirects with 302, which loses the POST"],
    [() => to("/moved", 303), "redirects with 303, which loses the POST"],
    [() => to(null), "it has no Location"],
    [() => to("ftp://remote.example/"), "redirect is refused"],
    [() => to("https://user:word@remote.example/"), "redirect is refused"],
    [() => to("/again"), "redirects more than 5 times"],
  ] as const)("that leads nowhere fails the run, case %#", async ([answerWith, reason]) => {
    remote(answerWith);
    expect((await run(await remoteAgent())).error).toContain(reason);
  });
});
