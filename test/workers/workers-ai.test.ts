import { env } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { RunAnswer } from "../../src/contract/run.ts";
import { post, readRun, request, run } from "./service.ts";

const MODEL = "@cf/meta/llama-3.3-70b-instruct-fp8-fast";
const bindings = env as unknown as { AI: unknown };

interface AskedOfAi {
  model: string;
  inputs: { messages: { role: string; content: string }[]; [name: string]: unknown };
}

/** Takes the place of the binding: `run` answers each call as the next of these does. */
function scriptedAi(...answers: (() => unknown)[]): AskedOfAi[] {
  const asked: AskedOfAi[] = [];
  bindings.AI = {
    async run(model: string, inputs: AskedOfAi["inputs"]) {
      const answer = answers[asked.push({ model, inputs }) - 1];
      if (answer === undefined) throw new Error(`nobody expects call ${asked.length}`);
      return answer();
    },
  };
  return asked;
}

const data = (value: unknown) => `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`;
const usage = { prompt_tokens: 20, completion_tokens: 7, total_tokens: 27 };
const stream = (...parts: unknown[]) => new Response(parts.map(data).join("")).body;
/** As models of Cloudflare's own runtime stream: text by `response`, and the usage in a last one that is empty. */
const says = (...texts: string[]) =>
  stream(...texts.map((response) => ({ response, p: "abcdef" })), { response: "", usage }, "[DONE]");
const chunk = (delta: object, finish_reason: string | null = null, more = {}) => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta, finish_reason }],
  ...more,
});

async function put(llm: object = {}, more: object = {}): Promise<void> {
  const response = await request("/api/agents/on-workers-ai", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ kind: "llm", llm: { provider: "workers_ai", model: MODEL, ...llm }, ...more }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  await response.body?.cancel();
}

const go = () => run("on-workers-ai", { prompt: "Go." });

afterEach(() => {
  bindings.AI = undefined;
  vi.restoreAllMocks();
});

test("a model of Workers AI is asked by its binding, with its instructions and prompt, and streams", async () => {
  await put({ role: "a poet", max_tokens: 99, temperature: 0.5 });
  const asked = scriptedAi(() => says("Roses ", "are red"));
  const answer = await go();
  expect(answer).toMatchObject({
    status: "completed",
    output: { text: "Roses are red", finish_reason: "stop" },
    tokens_input: 20,
    tokens_output: 7,
    estimated_cost: 0.000_022, // (20 * 0.293 + 7 * 2.253) millionths
  });
  expect(asked).toMatchObject([
    {
      model: MODEL,
      inputs: {
        stream: true,
        max_tokens: 99,
        temperature: 0.5,
        messages: [
          { role: "system", content: "You are a poet." },
          { role: "user", content: "Go." },
        ],
      },
    },
  ]);
});

test("a model that speaks as OpenAI's do is understood too", async () => {
  await put({ model: "@cf/openai/gpt-oss-120b" });
  scriptedAi(() => stream(chunk({ role: "assistant", content: "Hi." }), chunk({}, "stop", { usage }), "[DONE]"));
  expect(await go()).toMatchObject({
    status: "completed",
    output: { text: "Hi." },
    tokens_input: 20,
    tokens_output: 7,
  });
});

test("a model that does not stream answers whole", async () => {
  await put();
  scriptedAi(() => ({ response: "Whole.", usage, tool_calls: [] }));
  expect(await go()).toMatchObject({ status: "completed", output: { text: "Whole." }, tokens_input: 20 });
});

test.for([
  {
    how: "whole",
    call: () =>
      stream({ response: "", tool_calls: [{ name: "memory", arguments: { action: "list" } }], usage }, "[DONE]"),
  },
  {
    how: "as OpenAI's are, in parts",
    call: () =>
      stream(
        chunk({ tool_calls: [{ index: 0, id: "t1", type: "function", function: { name: "memory", arguments: "" } }] }),
        chunk({ tool_calls: [{ index: 0, function: { arguments: '{"action":' } }] }),
        chunk({ tool_calls: [{ index: 0, function: { arguments: '"list"}' } }] }),
        chunk({}, "tool_calls", { usage }),
        "[DONE]",
      ),
  },
])("a tool is used that is called for $how, and what it answers goes back", async ({ call }) => {
  await put({ tools: ["memory"] });
  const asked = scriptedAi(call, () => says("There is nothing."));
  const answer = await go();
  expect(answer).toMatchObject({ status: "completed", output: { text: "There is nothing." }, tokens_input: 40 });
  expect(asked[0]?.inputs.tools).toMatchObject([{ type: "function", function: { name: "memory" } }]);
  expect(asked[1]?.inputs.messages.at(-1)).toMatchObject({ role: "tool", content: expect.stringContaining("keys") });
});

test("an output schema is asked for in words, and the answer is held to it", async () => {
  const output_schema = { type: "object", required: ["mood"], properties: { mood: { type: "string" } } };
  await put({ output_schema });
  const asked = scriptedAi(
    () => says('{"mood":"fine"}'),
    () => says('{"mood":7}'),
  );
  expect((await go()).output).toEqual({ mood: "fine" });
  expect(JSON.stringify(asked[0]?.inputs.messages)).toContain("JSON Schema");
  expect((await go()).error).toContain("output.mood");
});

test("a service without the binding fails the run, and says what to add", async () => {
  await put();
  const answer = await go();
  expect(answer.status).toBe("failed");
  expect(answer.error).toContain('[ai] with binding = "AI"');
});

describe("the binding fails:", () => {
  const ended = async ({ run_id }: RunAnswer) => {
    await expect.poll(async () => (await readRun(run_id)).completed_at, { timeout: 10_000 }).not.toBeNull();
    return readRun(run_id);
  };
  const start = async (): Promise<RunAnswer> =>
    (await post("/api/agents/on-workers-ai/run", { params: { prompt: "Go." } })).json();
  const retry = { max_attempts: 2, min_delay_ms: 0, max_delay_ms: 0 };
  const throws = (message: string) => () => {
    throw Object.assign(new Error(message), { name: "InferenceUpstreamError" });
  };

  test.for([
    { message: "3040: Capacity temporarily exceeded, please try again.", attempts: 2 },
    { message: "3007: Request timeout", attempts: 2 },
    { message: "5007: No such model @cf/no/such or task", attempts: 1 },
    { message: "5004: Invalid data", attempts: 1 },
    { message: "Network connection lost.", attempts: 2 },
  ])("$message: asked $attempts times of two", async ({ message, attempts }) => {
    await put({}, { retry });
    const asked = scriptedAi(throws(message), throws(message));
    const { status, attempt, error } = await ended(await start());
    expect([status, attempt, asked.length]).toEqual(["failed", attempts, attempts]);
    expect(error).toContain(message);
  });

  test.for([
    { what: "is cut off", body: () => new Response(data({ response: "Ro" })).body },
    { what: "is empty", body: () => new Response("").body },
  ])("a stream of it that $what is a failed run", async ({ body }) => {
    await put();
    scriptedAi(body);
    expect((await go()).status).toBe("failed");
  });
});
