import { env } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RunAnswer } from "../../src/contract/run.ts";
import { scriptedModel, streamed, WIRE_FORMATS } from "./scripted-model.ts";
import { post, readRun, request, rows, run } from "./service.ts";

const KEY = "sk-the-key-of-the-faults";
const secrets = env as unknown as Record<string, string>;
const RETRY = { max_attempts: 2, min_delay_ms: 0, max_delay_ms: 0 };

beforeEach(() => {
  secrets.FAULTY_API_KEY = KEY;
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe.for(WIRE_FORMATS)("a model of $provider", ({ provider, model, ...wire }) => {
  const name = `faulty-${provider.replaceAll("_", "-")}`;

  async function put(llm: object = {}, more: object = {}): Promise<void> {
    const base = { provider, model, base_url: "https://models.example/v1", api_key_secret: "FAULTY_API_KEY" };
    const response = await request(`/api/agents/${name}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ kind: "llm", llm: { ...base, ...llm }, ...more }),
    });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    await response.body?.cancel();
  }

  const start = async (): Promise<RunAnswer> =>
    (await post(`/api/agents/${name}/run`, { params: { prompt: "Go." } })).json();
  const ended = async ({ run_id }: RunAnswer) => {
    await expect.poll(async () => (await readRun(run_id)).completed_at, { timeout: 10_000 }).not.toBeNull();
    return readRun(run_id);
  };
  const refuses =
    (status: number, headers: HeadersInit = {}) =>
    () =>
      Response.json(wire.error(`no, and not with ${KEY}`), { status, headers });
  const says = (text: string) => () => streamed(wire.says(text));

  test.for([
    { status: 500, attempts: 2 },
    { status: 503, attempts: 2 },
    { status: 529, attempts: 2 },
    { status: 429, attempts: 2 },
    { status: 400, attempts: 1 },
    { status: 401, attempts: 1 },
    { status: 404, attempts: 1 },
  ])(
    "that answers $status is asked $attempts times of two, and no message holds the key",
    async ({ status, attempts }) => {
      await put({}, { retry: RETRY });
      const asked = scriptedModel(refuses(status), refuses(status));
      const { error, status: end, attempt } = await ended(await start());
      expect([end, attempt, asked.length]).toEqual(["failed", attempts, attempts]);
      expect(error).toContain(String(status));
      expect(error).not.toContain(KEY);
    },
  );

  test("that answers 429 is asked again when it says, and not before", async () => {
    await put({}, { retry: RETRY });
    scriptedModel(refuses(429, { "Retry-After": "3600" }));
    const asking = { method: "POST", headers: { "Content-Type": "application/json", Prefer: "respond-async" } };
    const body = JSON.stringify({ params: { prompt: "Go." } });
    const { run_id } = await (await request(`/api/agents/${name}/run`, { ...asking, body })).json<RunAnswer>();
    const failures = async () =>
      (await readRun(run_id)).events.flatMap((event) => (event.type === "attempt_ended" ? [event] : []));
    await expect.poll(failures, { timeout: 4_000 }).toHaveLength(1);
    expect((await readRun(run_id)).status).toBe("queued");
    const [failure] = await failures();
    const waitMs = Date.parse(failure?.retry_at ?? "") - Date.parse(failure?.at ?? "");
    expect(Math.abs(waitMs - 3_600_000)).toBeLessThan(2_000);
    await post(`/api/agents/runs/${run_id}/cancel`);
  });

  test("that is busy once is asked again, and the run completes with what both attempts used", async () => {
    await put({}, { retry: RETRY });
    scriptedModel(refuses(500), says("Here."));
    const { status, attempt, output } = await ended(await start());
    expect({ status, attempt, output }).toMatchObject({ status: "completed", attempt: 2, output: { text: "Here." } });
  });

  test.for([
    { what: "is cut off", body: wire.begins("Once") },
    { what: "has a malformed chunk", body: `${wire.begins("Once")}${wire.malformed}` },
    { what: "is no stream", body: "<html>Welcome</html>" },
    { what: "is empty", body: "" },
  ])("whose stream $what is a failed run, and what was said is an event", async ({ what, body }) => {
    await put();
    scriptedModel(() => streamed(body));
    const answer = await run(name, { prompt: "Go." });
    expect(answer.status).toBe("failed");
    expect(answer.error).not.toBe("");
    const { events } = await readRun(answer.run_id);
    if (!what.startsWith("is c") && !what.startsWith("has")) return;
    expect(JSON.stringify(events)).toContain("Once");
    expect(answer.tokens_input + answer.tokens_output).toBeGreaterThan(0);
  });

  test("that drips past the deadline is stopped at it, and what it said by then is counted", async () => {
    await put({}, { timeout_ms: 400 });
    let closed = false;
    const drip = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(wire.begins("Once upon a time"))),
      async pull(controller) {
        await scheduler.wait(30);
        if (!closed) controller.enqueue(new TextEncoder().encode(": still here\n\n"));
      },
      cancel() {
        closed = true;
      },
    });
    scriptedModel(() => streamed(drip));
    const answer = await run(name, { prompt: "Go." });
    expect(answer.status).toBe("timed_out");
    expect(answer.tokens_output).toBeGreaterThan(0);
    expect(answer.estimated_cost).toBeGreaterThan(0);
    await expect.poll(() => closed).toBe(true);
  });

  test.for(['{"action":"eat"}', '{"action":', "[]"])(
    "that calls a tool with %s is told what is wrong, and goes on",
    async (args) => {
      await put({ tools: ["memory"] });
      const asked = scriptedModel(() => streamed(wire.calls("memory", args)), says("Sorry."));
      const answer = await run(name, { prompt: "Go." });
      expect(answer).toMatchObject({
        status: "completed",
        output: { text: "Sorry." },
        tokens_input: 40,
        tokens_output: 14,
      });
      expect(JSON.stringify(asked[1]?.body.messages.at(-1))).toMatch(/invalid/i);
    },
  );

  test("that calls a tool which it was not given is told so, and goes on", async () => {
    await put({ tools: ["memory"] });
    const asked = scriptedModel(() => streamed(wire.calls("rm", "{}")), says("Sorry."));
    expect(await run(name, { prompt: "Go." })).toMatchObject({ status: "completed", output: { text: "Sorry." } });
    expect(JSON.stringify(asked[1]?.body.messages.at(-1))).toMatch(/unavailable tool/i);
  });

  test("uses its tools: what they answer goes back to it, and each step is counted", async () => {
    await put({ tools: ["memory"] });
    const args = '{"action":"put","key":"colour","value":"blue"}';
    const asked = scriptedModel(() => streamed(wire.calls("memory", args)), says("Noted."));
    const answer = await run(name, { prompt: "Blue." });
    expect(answer).toMatchObject({ output: { text: "Noted." }, tokens_input: 40, tokens_output: 14 });
    expect(JSON.stringify(asked[1]?.body.messages.at(-1))).toContain("version");
  });

  describe("with an output schema", () => {
    const properties = { mood: { type: "string" } };
    const open = { type: "object", required: ["mood"], properties };
    const strict = { ...open, additionalProperties: false };

    /** Where each format has the schema that the provider itself is to hold the answer to. */
    const sent = (body: { [name: string]: unknown } | undefined): unknown => {
      const { response_format, output_config, tools } = (body ?? {}) as {
        response_format?: { json_schema: { strict: boolean; schema: unknown } };
        output_config?: { format: { schema: unknown } };
        tools?: { name: string; input_schema: unknown }[];
      };
      return (
        response_format?.json_schema.schema ??
        output_config?.format.schema ??
        tools?.find((tool) => tool.name === "json")?.input_schema
      );
    };

    test("has the provider hold its answer to it", async () => {
      await put({ output_schema: strict });
      const answer = provider === "anthropic" ? wire.calls("json", '{"mood":"fine"}') : wire.says('{"mood":"fine"}');
      const asked = scriptedModel(() => streamed(answer));
      const { output, error } = await run(name, { prompt: "How are you?" });
      expect({ output, error }).toEqual({ output: { mood: "fine" }, error: null });
      expect(sent(asked[0]?.body)).toMatchObject({ type: "object", properties });
    });

    test("is asked in words alone where the provider refuses that, and only that answer is counted", async () => {
      await put({ output_schema: open });
      const asked = scriptedModel(refuses(400), says('{"mood":"fine"}'));
      const answer = await run(name, { prompt: "How are you?" });
      expect(answer).toMatchObject({ output: { mood: "fine" }, tokens_input: 20, tokens_output: 7 });
      expect(asked.map(({ body }) => sent(body) !== undefined)).toEqual([true, false]);
      expect(JSON.stringify(asked[1]?.body)).toContain("that this JSON Schema allows");
      expect(JSON.stringify((await readRun(answer.run_id)).events)).toContain("asked in words alone");
    });

    test("is asked in words alone where its definition says so", async () => {
      await put({ output_schema: open, structured_output: "prompt" });
      const asked = scriptedModel(says('```json\n{"mood":"fine"}\n```'));
      expect((await run(name, { prompt: "How are you?" })).output).toEqual({ mood: "fine" });
      expect(sent(asked[0]?.body)).toBeUndefined();
    });

    test("whose answer does not fit is a failed run, also where the provider was to see to it", async () => {
      await put({ output_schema: open });
      scriptedModel(says('{"mood":7}'));
      const answer = await run(name, { prompt: "How are you?" });
      expect(answer).toMatchObject({ status: "failed", tokens_input: 20, tokens_output: 7 });
      expect(answer.error).toContain("output.mood");
    });
  });
});

test("a provider is held to the letter of a schema only where each object names all that it has", async () => {
  const put = (output_schema: object) =>
    request("/api/agents/lettered", {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ kind: "llm", llm: { model: "m", base_url: "https://models.example/v1", output_schema } }),
    });
  const open = { type: "object", properties: { a: { type: "string" } } };
  const strict = { ...open, required: ["a"], additionalProperties: false };
  for (const [schema, held] of [
    [strict, true],
    [open, false],
    [{ ...strict, properties: { a: open } }, false],
    [{ ...strict, properties: { a: { type: "array", items: strict } } }, true],
  ] as const) {
    await put(schema);
    const asked = scriptedModel(() => new Response(null, { status: 418 }));
    await run("lettered", { prompt: "." });
    expect(asked[0]?.body.response_format.json_schema.strict).toBe(held);
    vi.restoreAllMocks();
  }
});

test("no key is in any row after all of these faults", async () => {
  const tables = await rows<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%e%'",
  );
  expect(tables.length).toBeGreaterThan(5);
  for (const { name } of tables.filter(({ name }) => !name.startsWith("_") && !name.startsWith("sqlite")))
    expect(JSON.stringify(await rows(`SELECT * FROM ${name}`))).not.toContain(KEY);
});
