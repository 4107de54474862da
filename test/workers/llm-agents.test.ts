import { env } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RunAnswer } from "../../src/contract/run.ts";
import type { RunEvent } from "../../src/contract/run-event.ts";
import { ANTHROPIC, anthropic, OPENAI, openai, scriptedModels, sse } from "./scripted-model.ts";
import { getJson, post, readRun, request, rows, run } from "./service.ts";

const MODEL = {
  provider: "openai-compatible",
  base_url: "https://models.example/v1",
  api_key_name: "OPENAI_API_KEY",
  model: "gpt-5-mini",
  role: "a clerk",
};
const CLAUDE = { provider: "anthropic", model: "claude-haiku-4-5" };

const put = (path: string, body: unknown) =>
  request(path, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

async function putModel(name: string, llm: Record<string, unknown>, settings: Record<string, unknown> = {}) {
  const response = await put(`/api/agents/${name}`, { kind: "llm", llm, ...settings });
  if (!response.ok) throw new Error(await response.text());
}

async function eventsOf(runId: number) {
  const { events } = await getJson<{ events: RunEvent[] }>(`/api/agents/runs/${runId}/events`);
  return events.flatMap((event) => (event.type === "log" ? [{ message: event.message, data: event.data }] : []));
}

const logged: string[] = [];

beforeEach(() => {
  for (const level of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, level).mockImplementation((...words) => void logged.push(words.map(String).join(" ")));
  }
});

afterEach(() => vi.restoreAllMocks());

describe("a model agent", () => {
  test("answers what an OpenAI-compatible API streams, with its text, usage and cost as events and totals", async () => {
    await putModel("clerk", MODEL);
    const asked = scriptedModels(sse([openai.text("Good "), openai.text("day."), ...openai.end("stop", 1_000, 500)]));
    const answer = await run("clerk", { prompt: "Greet me." });
    expect(answer).toMatchObject({ success: true, output: "Good day.", tokens_input: 1_000, tokens_output: 500 });
    expect(answer.estimated_cost).toBeCloseTo(0.001_25, 9);
    expect(asked[0]).toMatchObject({
      url: OPENAI,
      body: {
        model: "gpt-5-mini",
        stream: true,
        messages: [{ role: "system" }, { role: "user", content: "Greet me." }],
      },
    });
    expect(asked[0]?.headers.get("Authorization")).toBe(`Bearer ${Reflect.get(env, "OPENAI_API_KEY")}`);
    const events = await eventsOf(answer.run_id);
    const text = events.filter(({ message }) => message === "text").map(({ data }) => (data as { text: string }).text);
    expect(text.join("")).toBe("Good day.");
    expect(events.at(-1)).toEqual({
      message: "usage",
      data: { step: 1, input_tokens: 1_000, output_tokens: 500, cost_usd: 0.001_25 },
    });
  });

  test("answers what Anthropic streams, and runs a tool that it asks for", async () => {
    await putModel("claude", { ...CLAUDE, tools: ["run_agent"] });
    const asked = scriptedModels(
      sse([
        anthropic.start(300),
        ...anthropic.call("run_agent", '{"agent":"echo","params":{"a":1}}'),
        ...anthropic.end("tool_use", 40),
      ]),
      sse([anthropic.start(400), ...anthropic.text("It said a is 1."), ...anthropic.end("end_turn", 12)]),
    );
    const answer = await run("claude", { prompt: "Ask echo." });
    expect(answer).toMatchObject({ success: true, output: "It said a is 1.", tokens_input: 700, tokens_output: 52 });
    expect(asked.map(({ url, headers }) => [url, headers.get("x-api-key")])).toEqual([
      [ANTHROPIC, Reflect.get(env, "ANTHROPIC_API_KEY")],
      [ANTHROPIC, Reflect.get(env, "ANTHROPIC_API_KEY")],
    ]);
    const [child] = await rows<{ output_data: string; request_key: string }>(
      "SELECT output_data, request_key FROM agent_runs WHERE agent_name = 'echo' ORDER BY id DESC LIMIT 1",
    );
    expect(child).toEqual({ output_data: '{"a":1}', request_key: `child:${answer.run_id}:1:1` });
    expect((await eventsOf(answer.run_id)).map(({ message }) => message)).toEqual(
      expect.arrayContaining(["tool run_agent", "tool run_agent answered"]),
    );
  });

  test("answers JSON by its output schema, and fails by field where the model does not keep to it", async () => {
    const output_schema = { type: "object", properties: { n: { type: "number" } }, required: ["n"] };
    await putModel("counter", { ...MODEL, output_schema });
    const asked = scriptedModels(
      openai.says('```json\n{"n": 3}\n```'),
      openai.says('{"n": "three"}'),
      openai.says("three"),
    );
    expect((await run("counter")).output).toEqual({ n: 3 });
    expect(asked[0]?.body.response_format).toMatchObject({ type: "json_schema" });
    expect(await run("counter")).toMatchObject({ success: false, error: expect.stringContaining("output.n") });
    expect(await run("counter")).toMatchObject({
      success: false,
      error: expect.stringContaining("was to answer JSON"),
    });
  });

  test("without the secret of its key is a failed run that says which to set, and calls nobody", async () => {
    await putModel("keyless", { ...MODEL, api_key_name: "ABSENT_API_KEY" }, { retry: { max_attempts: 3 } });
    const asked = scriptedModels();
    const answer = await run("keyless");
    expect(answer).toMatchObject({ status: "failed", attempt: 1 });
    expect(answer.error).toContain("npx wrangler secret put ABSENT_API_KEY");
    expect((await run("assistant", { prompt: "Hello?" })).error).toContain("secret put ASSISTANT_API_KEY");
    expect(asked).toEqual([]);
  });

  test("that keeps calling tools fails at its step limit, with the usage of every step", async () => {
    await putModel("looper", { ...MODEL, max_steps: 3, tools: ["memory"] });
    const asked = scriptedModels(...Array.from({ length: 4 }, () => openai.calls("memory", '{"action":"list"}')));
    const answer = await run("looper");
    expect(asked).toHaveLength(3);
    expect(answer).toMatchObject({ status: "failed", tokens_input: 300, tokens_output: 60 });
    expect(answer.error).toContain("max_steps of 3");
  });

  test("that calls a tool with bad arguments is told so, and goes on", async () => {
    await putModel("clumsy", { ...MODEL, tools: ["fetch_url", "run_agent"], agents: ["echo"] });
    const asked = scriptedModels(
      openai.calls("fetch_url", '{"adress": 1'),
      openai.calls("fetch_url", '{"url": "http://10.0.0.1/"}'),
      openai.calls("no_such_tool", "{}"),
      openai.calls("run_agent", '{"agent": "scanner", "params": {}}'),
      openai.says("I give up."),
    );
    expect((await run("clumsy")).output).toBe("I give up.");
    const told = JSON.stringify(asked.at(-1)?.body.messages);
    for (const word of ["only these may be run: echo", "no_such_tool"]) expect(told).toContain(word);
  });

  test("remembers by its memory tool from one run to the next, and reads its own history", async () => {
    await putModel("keeper-of-names", { ...MODEL, tools: ["memory", "read_history"] });
    scriptedModels(openai.calls("memory", '{"action":"put","key":"name","value":"Ann"}'), openai.says("Kept."));
    const { run_id } = await run("keeper-of-names");
    const asked = scriptedModels(
      openai.calls("memory", '{"action":"get","key":"name"}'),
      openai.calls("read_history", "{}"),
      openai.says("Ann."),
    );
    expect((await run("keeper-of-names")).output).toBe("Ann.");
    const told = JSON.stringify(asked.at(-1)?.body.messages);
    expect(told).toContain("Ann");
    expect(told).toContain(`\\"id\\":${run_id}`);
  });

  test("that asks itself to run gets no deeper than the limit", async () => {
    await putModel("recursive", { ...MODEL, tools: ["run_agent"] });
    const down = () => openai.calls("run_agent", '{"agent":"recursive","params":{}}');
    const asked = scriptedModels(
      down(),
      down(),
      down(),
      down(),
      ...Array.from({ length: 4 }, () => openai.says("Up.")),
    );
    expect((await run("recursive")).output).toBe("Up.");
    expect(asked).toHaveLength(8);
    expect(JSON.stringify(asked[4]?.body.messages)).toContain("no run may be deeper");
    expect(await rows("SELECT id FROM agent_runs WHERE agent_name = 'recursive'")).toHaveLength(4);
  });

  test("fails once it has cost more than it may", async () => {
    await putModel("dear", { ...MODEL, model: "gpt-4o", max_cost_usd: 0.001, tools: ["memory"] });
    scriptedModels(sse([...openai.call("memory", '{"action":"list"}'), ...openai.end("tool_calls", 1_000, 0)]));
    const answer = await run("dear");
    expect(answer).toMatchObject({ status: "failed", tokens_input: 1_000 });
    expect(answer.error).toContain("max_cost_usd");
  });

  test("of a model without a price runs, at a cost of 0, and says so", async () => {
    await putModel("unpriced", { ...MODEL, model: "homemade" });
    scriptedModels(openai.says("Hm."));
    const answer = await run("unpriced");
    expect(answer).toMatchObject({ success: true, estimated_cost: 0, tokens_input: 100 });
    const events = await eventsOf(answer.run_id);
    expect(events[0]?.message).toContain('no price of the model "homemade"');
    expect(events.at(-1)?.data).toMatchObject({ cost_usd: null });
  });
});

describe("what goes wrong at a model's API:", () => {
  const failing = (name: string) =>
    putModel(name, MODEL, { retry: { max_attempts: 2, min_delay_ms: 1, max_delay_ms: 1 } });
  const error = (status: number, headers: Record<string, string> = {}) =>
    Response.json({ error: { message: `no (${status})`, type: "x" } }, { status, headers });

  async function untilEnd(name: string): Promise<RunAnswer> {
    const { run_id } = await (await post(`/api/agents/${name}/run`, { params: {} })).json<RunAnswer>();
    return getJson<RunAnswer>(`/api/agents/runs/${run_id}?wait=20`);
  }

  test.for([
    { what: "a 500", name: "f500", answer: () => error(500) },
    { what: "a 429 with a Retry-After of nothing", name: "f429", answer: () => error(429, { "Retry-After": "0" }) },
    { what: "a stream that is cut", name: "fcut", answer: () => sse([openai.text("Half an ")], "cut") },
    { what: "a stream that ends early", name: "fearly", answer: () => sse([openai.text("Half an ")]) },
    { what: "a chunk that is no JSON", name: "fchunk", answer: () => sse([openai.text("Half"), "data: {]\n\n"]) },
  ])("$what is tried again", async ({ name, answer }) => {
    await failing(name);
    const asked = scriptedModels(answer, openai.says("Better."));
    expect(await untilEnd(name)).toMatchObject({ status: "completed", output: "Better.", attempt: 2 });
    expect(asked).toHaveLength(2); // in one layer only
  });

  test("an error in the middle of Anthropic's stream is tried again, and what was used until then is recorded", async () => {
    await putModel("overloaded", CLAUDE, { retry: { max_attempts: 2, min_delay_ms: 1, max_delay_ms: 1 } });
    scriptedModels(
      sse([anthropic.start(300), anthropic.overloaded()]),
      sse([anthropic.start(300), ...anthropic.text("Fine."), ...anthropic.end("end_turn", 5)]),
    );
    expect(await untilEnd("overloaded")).toMatchObject({ output: "Fine.", attempt: 2, tokens_input: 600 });
  });

  test("a Retry-After puts the next attempt off by so much", async () => {
    await failing("patient");
    scriptedModels(() => error(429, { "Retry-After": "3600" }));
    const headers = { Prefer: "respond-async" };
    const accepted = await request("/api/agents/patient/run", { method: "POST", headers });
    const { run_id } = await accepted.json<RunAnswer>();
    const waitMs = async () => {
      const [row] = await rows<{ wait_ms: number }>(
        "SELECT available_at - created_at AS wait_ms FROM agent_runs WHERE id = ?1 AND status = 'queued'",
        run_id,
      );
      return row?.wait_ms;
    };
    await expect.poll(waitMs, { timeout: 4_000 }).toBeGreaterThan(3_500_000);
    await post(`/api/agents/runs/${run_id}/cancel`);
  });

  test.for([
    { what: "a 400", name: "f400", answer: () => error(400) },
    { what: "a 401", name: "f401", answer: () => error(401) },
    {
      what: "a redirect",
      name: "f302",
      answer: () => new Response("", { status: 302, headers: { Location: "http://10.0.0.1/" } }),
    },
  ])("$what is not tried again", async ({ name, answer }) => {
    await failing(name);
    const asked = scriptedModels(answer);
    expect(await untilEnd(name)).toMatchObject({
      status: "failed",
      attempt: 1,
      error: expect.stringMatching(/answered 40|redirects/),
    });
    expect(asked).toHaveLength(1);
  });

  test("a slow drip ends at the deadline, with its text and what it used so far", async () => {
    await putModel("dripping", MODEL, { timeout_ms: 300 });
    scriptedModels(sse([openai.text("Drip. "), openai.text("Drop.")], "hang"));
    const answer = await run("dripping");
    expect(answer).toMatchObject({ status: "timed_out", output: null });
    expect(answer.tokens_output).toBe(3);
    expect(answer.tokens_input).toBeGreaterThan(0);
    const events = await eventsOf(answer.run_id);
    expect(events.find(({ message }) => message === "usage")?.data).toMatchObject({ estimated: true });
    expect(JSON.stringify(events)).toContain("Drop.");
  });

  test("a cancellation in the middle of an answer aborts the call and records what was used until then", async () => {
    await putModel("cancelled", CLAUDE);
    let signal: AbortSignal | undefined;
    const asked = scriptedModels((_asked, given) => {
      signal = given;
      return sse([anthropic.start(321), ...anthropic.text("Once upon a time").slice(0, 2)], "hang");
    });
    const running = run("cancelled", { prompt: "A story." });
    await expect.poll(() => asked.length).toBe(1);
    const [row] = await rows<{ id: number }>("SELECT id FROM agent_runs WHERE agent_name = 'cancelled'");
    await post(`/api/agents/runs/${row?.id}/cancel`);
    const answer = await running;
    expect(answer).toMatchObject({ status: "cancelled", tokens_input: 321 });
    expect(answer.tokens_output).toBe(4);
    expect(answer.estimated_cost).toBeCloseTo(0.000_341, 9);
    expect(signal?.aborted).toBe(true);
  });
});

describe("a definition of a model agent is refused by field:", () => {
  test.for([
    { what: "no provider", llm: { model: "m" }, field: "llm.provider" },
    { what: "a model without a name", llm: { ...MODEL, model: "" }, field: "llm.model" },
    { what: "no base URL", llm: { ...MODEL, base_url: undefined }, field: "llm.base_url" },
    { what: "a private base URL", llm: { ...MODEL, base_url: "http://169.254.169.254/v1" }, field: "llm.base_url" },
    { what: "a base URL with Workers AI", llm: { ...MODEL, provider: "workers-ai" }, field: "llm.base_url" },
    {
      what: "a secret that is no model's key",
      llm: { ...MODEL, api_key_name: "ADMIN_TOKEN" },
      field: "llm.api_key_name",
    },
    { what: "a tool that is none", llm: { ...MODEL, tools: ["shell"] }, field: "llm.tools.0" },
    { what: "too many steps", llm: { ...MODEL, max_steps: 1_000 }, field: "llm.max_steps" },
    { what: "a temperature of 3", llm: { ...MODEL, temperature: 3 }, field: "llm.temperature" },
    { what: "a broken output schema", llm: { ...MODEL, output_schema: { pattern: "(" } }, field: "llm.output_schema" },
    { what: "a key itself", llm: { ...MODEL, api_key: "sk-1" }, field: "llm" },
  ])("a definition of a model agent with $what", async ({ llm, field }) => {
    const response = await put("/api/agents/wrong", { kind: "llm", llm });
    expect(response.status).toBe(422);
    const { errors } = await response.json<{ errors: { field: string }[] }>();
    expect(errors.map((entry) => entry.field)).toContain(field);
  });
});

describe("the price of a model", () => {
  test("is as it is set, from the next attempt on, and as it is built in once that is taken back", async () => {
    const path = `/api/prices/${encodeURIComponent("@cf/openai/gpt-oss-120b")}`;
    expect(await getJson(path)).toMatchObject({ source: "built_in", input_usd_per_million: 0.35 });
    const set = await put(path, { input_usd_per_million: 7, output_usd_per_million: 0.5, as_of: "2026-11-01" });
    expect(await set.json()).toMatchObject({
      model: "@cf/openai/gpt-oss-120b",
      source: "set",
      input_usd_per_million: 7,
    });
    await putModel("priced", { ...MODEL, model: "@cf/openai/gpt-oss-120b" });
    scriptedModels(sse([openai.text("."), ...openai.end("stop", 1_000_000, 0)]), openai.says("."));
    expect((await run("priced")).estimated_cost).toBe(7);
    const { prices } = await getJson<{ prices: { model: string }[] }>("/api/prices");
    expect(prices.filter(({ model }) => model === "@cf/openai/gpt-oss-120b")).toHaveLength(1);
    const removed = await request(path, { method: "DELETE" });
    expect(await removed.json()).toMatchObject({ removed: true, now: { source: "built_in" } });
    expect((await request(path, { method: "DELETE" })).status).toBe(404);
    expect((await run("priced")).estimated_cost).toBeCloseTo(0.000_05, 9);
  });

  test("is refused by field where it is none, and not found where nobody knows it", async () => {
    const response = await put("/api/prices/m", { input_usd_per_million: -1, output_usd_per_million: "much" });
    expect(response.status).toBe(422);
    const { errors } = await response.json<{ errors: { field: string }[] }>();
    expect(errors.map(({ field }) => field)).toEqual(["input_usd_per_million", "output_usd_per_million"]);
    expect((await request("/api/prices/m")).status).toBe(404);
  });
});

test("no key is in any row, log line or answer, also where a provider answers with the key it was sent", async () => {
  const keys = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"].map((name) => String(Reflect.get(env, name)));
  await putModel("parrot", { ...MODEL, tools: ["run_agent"] });
  const [key = ""] = keys;
  scriptedModels(
    openai.calls("run_agent", JSON.stringify({ agent: "nobody", params: { key } })),
    openai.says(`Your key is ${key}.`),
    () => Response.json({ error: { message: `Incorrect API key provided: ${key}` } }, { status: 401 }),
    sse([openai.text(`It is ${key}`)], "cut"),
  );
  const answers = [await run("parrot"), await run("parrot"), await run("parrot")];
  expect(answers.map(({ status }) => status)).toEqual(["completed", "failed", "failed"]);
  const tables = await rows<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
  );
  const stored = await Promise.all(tables.map(({ name }) => rows(`SELECT * FROM "${name}"`)));
  const read = await Promise.all(
    ["/api/agents", "/api/agents/parrot", "/api/agents/runs", "/api/audit", "/api/agents/parrot/versions"].map((path) =>
      getJson(path),
    ),
  );
  const details = await Promise.all(answers.map(({ run_id }) => readRun(run_id)));
  const everything = JSON.stringify([stored, read, details, answers, logged]);
  expect(everything).toContain("(hidden)");
  expect(logged.length).toBeGreaterThan(0);
  for (const secret of keys) expect(everything).not.toContain(secret);
});
