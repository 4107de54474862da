import { env } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RunAnswer } from "../../src/contract/run.ts";
import { getJson, post, readRun, request, rows, run } from "./service.ts";

const KEY = "sk-very-secret-key-of-the-test";
const BASE = "https://models.example/v1";
const secrets = env as unknown as Record<string, string>;

interface Sent {
  url: string;
  headers: Headers;
  body: { messages: { role: string; content: unknown }[]; [name: string]: unknown };
}

const sse = (...events: unknown[]) =>
  events.map((event) => (typeof event === "string" ? event : `data: ${JSON.stringify(event)}\n\n`)).join("");
const chunk = (delta: object, finish: string | null = null) => ({
  id: "c1",
  object: "chat.completion.chunk",
  created: 1,
  model: "gpt-4.1-mini",
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const used = (prompt_tokens: number, completion_tokens: number) => ({
  ...chunk({}),
  choices: [],
  usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
});
const DONE = "data: [DONE]\n\n";
const streamed = (body: BodyInit) => new Response(body, { headers: { "Content-Type": "text/event-stream" } });
const says = (text: string, tokens: [number, number] = [10, 5]) =>
  streamed(sse(chunk({ role: "assistant", content: text }), chunk({}, "stop"), used(...tokens), DONE));
const calls = (name: string, args: string) =>
  streamed(
    sse(
      chunk({
        role: "assistant",
        tool_calls: [{ index: 0, id: "t1", type: "function", function: { name, arguments: args } }],
      }),
      chunk({}, "tool_calls"),
      used(20, 7),
      DONE,
    ),
  );

/** A provider that answers each request as the next of these does. */
function scripted(...answers: ((sent: Sent) => Response | Promise<Response>)[]) {
  const asked: Sent[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const sent = {
      url: String(input instanceof Request ? input.url : input),
      headers: new Headers(init?.headers),
      body: init?.body === undefined ? { messages: [] } : JSON.parse(String(init.body)),
    };
    const answer = answers[asked.push(sent) - 1];
    if (answer === undefined) throw new Error(`nobody expects request ${asked.length}, to ${sent.url}`);
    return answer(sent);
  });
  return asked;
}

async function put(name: string, llm: object, more: object = {}): Promise<Response> {
  const config = { model: "gpt-4.1-mini", base_url: BASE, api_key_secret: "TEST_API_KEY", ...llm };
  return request(`/api/agents/${name}`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ kind: "llm", llm: config, ...more }),
  });
}

beforeEach(() => {
  secrets.TEST_API_KEY = KEY;
  secrets.ANTHROPIC_API_KEY = KEY;
});
afterEach(() => vi.restoreAllMocks());

test("a model agent sends its instructions and prompt, streams what is said as events, and counts tokens and cost", async () => {
  await put("writer", { role: "a poet", goal: "to rhyme", temperature: 0.5, max_tokens: 99 });
  const asked = scripted(() => says("Roses are red", [1_000_000, 1_000_000]));
  const answer = await run("writer", { prompt: "Write." });
  expect(answer).toMatchObject({
    success: true,
    output: { text: "Roses are red", finish_reason: "stop" },
    tokens_input: 1_000_000,
    tokens_output: 1_000_000,
    estimated_cost: 2, // 0.40 + 1.60
  });
  expect(asked[0]?.url).toBe(`${BASE}/chat/completions`);
  expect(asked[0]?.headers.get("Authorization")).toBe(`Bearer ${KEY}`);
  expect(asked[0]?.body).toMatchObject({
    model: "gpt-4.1-mini",
    stream: true,
    temperature: 0.5,
    max_tokens: 99,
    messages: [
      { role: "system", content: "You are a poet.\n\nYour goal: to rhyme" },
      { role: "user", content: "Write." },
    ],
  });
  const { by_model } = await getJson<{ by_model: Record<string, { runs: number }> }>("/api/agents/costs");
  expect(by_model["gpt-4.1-mini"]).toMatchObject({ runs: 1, cost_usd: 2 });
  const { events, models } = await readRun(answer.run_id);
  expect(models).toMatchObject([{ model: "gpt-4.1-mini", tokens_input: 1_000_000, cost_usd: 2 }]);
  expect(events).toContainEqual(
    expect.objectContaining({ type: "log", message: "text", data: { text: "Roses are red" } }),
  );
});

test("a model's tools are used, what they answer goes back to it, and every step is counted", async () => {
  await put("note-keeper", { tools: ["memory"] });
  const asked = scripted(
    () => calls("memory", '{"action":"put","key":"colour","value":"blue"}'),
    () => says("Noted."),
  );
  const answer = await run("note-keeper", { prompt: "My colour is blue." });
  expect(answer).toMatchObject({ success: true, output: { text: "Noted." }, tokens_input: 30, tokens_output: 12 });
  expect(asked[1]?.body.messages.at(-1)).toMatchObject({ role: "tool" });
  const kept = await env.COORDINATOR.getByName("note-keeper").memory({ kind: "get", key: "colour" } as never);
  expect(JSON.stringify(kept)).toContain("blue");
  const { events } = await readRun(answer.run_id);
  expect(events.map((event) => ("message" in event ? event.message : event.type))).toEqual([
    "tool memory",
    "tool memory answered",
    "text",
  ]);
});

test("a tool call with bad arguments is told to the model, and the run goes on", async () => {
  await put("clumsy", { tools: ["memory"] });
  const asked = scripted(
    () => calls("memory", '{"action":"eat"}'),
    () => says("Sorry."),
  );
  expect(await run("clumsy", { prompt: "Go." })).toMatchObject({ success: true, output: { text: "Sorry." } });
  expect(JSON.stringify(asked[1]?.body.messages.at(-1))).toMatch(/invalid/i);
});

test("a model that never stops using tools is stopped at its step limit", async () => {
  await put("eager", { tools: ["memory"], max_steps: 3 });
  const again = () => calls("memory", '{"action":"list"}');
  const asked = scripted(again, again, again, again);
  const answer = await run("eager", { prompt: "Go." });
  expect(asked).toHaveLength(3);
  expect(answer).toMatchObject({ success: true, output: { finish_reason: "tool-calls" }, tokens_input: 60 });
});

test("fetch_url reads a public page, and refuses a private address that a page redirects to", async () => {
  secrets.SCANNER_ALLOW_PRIVATE = "";
  await put("reader", { tools: ["fetch_url"] });
  const asked = scripted(
    () => calls("fetch_url", '{"url":"https://page.example/"}'),
    () => new Response(null, { status: 302, headers: { Location: "http://169.254.169.254/" } }),
    () => says("It would not let me."),
  );
  expect((await run("reader", { prompt: "Read." })).success).toBe(true);
  expect(asked.map(({ url }) => url)).not.toContain("http://169.254.169.254/");
  expect(JSON.stringify(asked[2]?.body.messages.at(-1))).toContain("refused");
  secrets.SCANNER_ALLOW_PRIVATE = "true";
});

describe("structured output", () => {
  const output_schema = { type: "object", required: ["mood"], properties: { mood: { type: "string" } } };

  test("is the JSON that the model answers, fenced or not", async () => {
    await put("moody", { output_schema });
    scripted(() => says('```json\n{"mood":"fine"}\n```'));
    expect((await run("moody", { prompt: "How are you?" })).output).toEqual({ mood: "fine" });
  });

  test.for([
    { what: "no JSON", text: "I am fine.", error: "was to answer JSON" },
    { what: "JSON that the schema refuses", text: '{"mood":7}', error: "output.mood" },
  ])("that is $what fails the run and says so", async ({ text, error }) => {
    await put("moody", { output_schema });
    scripted(() => says(text));
    const answer = await run("moody", { prompt: "How are you?" });
    expect(answer).toMatchObject({ status: "failed", tokens_input: 10, tokens_output: 5 });
    expect(answer.error).toContain(error);
  });
});

describe("a provider that fails:", () => {
  const retry = { max_attempts: 2, min_delay_ms: 0, max_delay_ms: 0 };
  const failing = (status: number, headers: Record<string, string> = {}) =>
    Response.json({ error: { message: `no, and not with ${KEY}` } }, { status, headers });
  const ended = async (answer: RunAnswer) => {
    await expect.poll(async () => (await readRun(answer.run_id)).completed_at, { timeout: 10_000 }).not.toBeNull();
    return readRun(answer.run_id);
  };

  test.for([
    { status: 500, attempts: 2 },
    { status: 429, attempts: 2 },
    { status: 401, attempts: 1 },
    { status: 302, attempts: 1 },
  ])("status $status makes $attempts attempts of two, and its message hides the key", async ({ status, attempts }) => {
    await put("unlucky", {}, { retry });
    const fail = () => failing(status, { "Retry-After": "0", Location: "https://elsewhere.example/" });
    const asked = scripted(fail, fail, fail);
    const response = await post("/api/agents/unlucky/run", { params: { prompt: "Go." } });
    const { status: end, attempt, error } = await ended(await response.json<RunAnswer>());
    expect([end, attempt, asked.length]).toEqual(["failed", attempts, attempts]);
    expect(error).toContain(String(status));
    expect(error).not.toContain(KEY);
  });

  test.for([
    { what: "is cut off", body: sse(chunk({ content: "Ro" })), error: "without a finish reason" },
    { what: "is malformed", body: sse(chunk({ content: "Ro" }), "data: {not json\n\n"), error: "" },
  ])("a stream that $what is a failed run", async ({ body, error }) => {
    await put("broken", {});
    scripted(() => streamed(body));
    const answer = await run("broken", { prompt: "Go." });
    expect(answer.status).toBe("failed");
    expect(answer.error).toContain(error);
    expect(answer.tokens_output).toBeGreaterThan(0);
  });

  test("one that is not there is a failed run", async () => {
    await put("nowhere", {});
    scripted(() => Promise.reject(new TypeError("Network connection lost.")));
    expect(await run("nowhere", { prompt: "Go." })).toMatchObject({ status: "failed" });
  });
});

test("a run that is cancelled in the middle of a stream is stopped, and what it used is counted", async () => {
  await put("slow", {});
  let closed = false;
  const drip = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(sse(chunk({ role: "assistant", content: "Once upon a time" }))));
    },
    cancel() {
      closed = true;
    },
  });
  scripted(() => streamed(drip));
  const running = run("slow", { prompt: "A long story." });
  await expect
    .poll(async () => (await rows("SELECT 1 FROM run_events")).length, { timeout: 5_000 })
    .toBeGreaterThan(-1);
  await expect.poll(async () => (await rows("SELECT id FROM agent_runs WHERE agent_name = 'slow'")).length).toBe(1);
  const [{ id } = { id: 0 }] = await rows<{ id: number }>("SELECT id FROM agent_runs WHERE agent_name = 'slow'");
  await expect.poll(() => vi.mocked(globalThis.fetch).mock.calls.length).toBe(1);
  await post(`/api/agents/runs/${id}/cancel`);
  const answer = await running;
  expect(answer.status).toBe("cancelled");
  expect(answer.tokens_input).toBeGreaterThan(0);
  await expect.poll(() => closed).toBe(true);
});

test("a model of Anthropic is spoken to in its own format", async () => {
  await put("claude", {
    provider: "anthropic",
    base_url: undefined,
    api_key_secret: undefined,
    model: "claude-sonnet-4-20250514",
  });
  const event = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
  const asked = scripted(() =>
    streamed(
      event("message_start", {
        message: {
          id: "m1",
          type: "message",
          role: "assistant",
          model: "claude-sonnet-4-20250514",
          content: [],
          stop_reason: null,
          usage: { input_tokens: 100_000, output_tokens: 1 },
        },
      }) +
        event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }) +
        event("content_block_delta", { index: 0, delta: { type: "text_delta", text: "Bonjour" } }) +
        event("content_block_stop", { index: 0 }) +
        event("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: 10_000 } }) +
        event("message_stop", {}),
    ),
  );
  const answer = await run("claude", { prompt: "Bonjour ?" });
  expect(answer).toMatchObject({
    success: true,
    output: { text: "Bonjour" },
    tokens_input: 100_000,
    tokens_output: 10_000,
  });
  expect(answer.estimated_cost).toBeCloseTo(0.45);
  expect(asked[0]?.url).toBe("https://api.anthropic.com/v1/messages");
  expect(asked[0]?.headers.get("x-api-key")).toBe(KEY);
});

test("a model without a known price runs, costs nothing, and says so", async () => {
  await put("unpriced", { model: "in-house-7b" });
  scripted(() => says("Hi."));
  const answer = await run("unpriced", { prompt: "Hi?" });
  expect(answer).toMatchObject({ success: true, estimated_cost: 0, tokens_input: 10 });
  const { events, models } = await readRun(answer.run_id);
  expect(JSON.stringify(events)).toContain("no price is known");
  expect(models).toEqual([{ model: "in-house-7b", tokens_input: 10, tokens_output: 5, cost_usd: null }]);
  const { by_model } = await getJson<{ by_model: Record<string, object> }>("/api/agents/costs");
  expect(by_model["in-house-7b"]).toMatchObject({ runs: 1, cost_usd: 0, tokens_used: 15 });
});

test("a missing key is a failed run that says which secret to set, and nothing is sent", async () => {
  await put("keyless", { api_key_secret: "ABSENT_API_KEY" });
  const asked = scripted();
  const answer = await run("keyless", { prompt: "Go." });
  expect(answer.status).toBe("failed");
  expect(answer.error).toContain("wrangler secret put ABSENT_API_KEY");
  expect(asked).toEqual([]);
});

test("the assistant says what to configure", async () => {
  const answer = await run("assistant", { prompt: "Hello?" });
  expect(answer.status).toBe("failed");
  expect(answer.error).toContain("ASSISTANT_MODEL");
});

test.for([
  { what: "no address", llm: { base_url: undefined }, field: "llm.base_url" },
  { what: "a private address", llm: { base_url: "http://10.0.0.1/v1" }, field: "llm.base_url" },
  { what: "a secret that is not a key's", llm: { api_key_secret: "ADMIN_TOKEN" }, field: "llm.api_key_secret" },
  { what: "an unknown tool", llm: { tools: ["rm"] }, field: "llm.tools.0" },
  { what: "too hot a temperature", llm: { temperature: 3 }, field: "llm.temperature" },
  { what: "no model", llm: { model: "" }, field: "llm.model" },
  { what: "a system prompt beside a role", llm: { system: "Be.", role: "a bee" }, field: "llm.system" },
  { what: "an agent to run that can be none", llm: { run_agents: ["Not a name"] }, field: "llm.run_agents.0" },
  { what: "a bound below nothing", llm: { run_agents_usd: -1 }, field: "llm.run_agents_usd" },
  { what: "an unknown way to structure", llm: { structured_output: "xml" }, field: "llm.structured_output" },
  { what: "an unusable schema", llm: { output_schema: { $ref: "#/no" } }, field: "llm.output_schema" },
])("a model agent with $what is refused, by its field", async ({ llm, field }) => {
  const response = await put("refused-model", llm);
  expect(response.status).toBe(422);
  expect((await response.json<{ errors: { field: string }[] }>()).errors.map((error) => error.field)).toContain(field);
});

test("no key is in any row, nor in any answer, after all of that", async () => {
  const tables = await rows<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
  );
  for (const { name } of tables) expect(JSON.stringify(await rows(`SELECT * FROM ${name}`))).not.toContain(KEY);
  const { runs } = await getJson<{ runs: { id: number }[] }>("/api/agents/runs?limit=200");
  expect(runs.length).toBeGreaterThan(10);
  for (const { id } of runs) expect(JSON.stringify(await readRun(id))).not.toContain(KEY);
  expect(JSON.stringify(await getJson("/api/agents/writer"))).not.toContain(KEY);
});
