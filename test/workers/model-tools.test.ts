import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { getJson, request, rows, run } from "./service.ts";

const put = (path: string, body: unknown) =>
  request(path, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

const putModel = (name: string, model: string, tools: string[] = [], llm = {}, more = {}) =>
  put(`/api/agents/${name}`, {
    kind: "llm",
    llm: { base_url: "https://models.example/v1", model, tools, ...llm },
    ...more,
  });

const chunk = (delta: object, finish_reason: string | null = null, usage?: object) =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }], usage })}\n\n`;
const end = (reason: string) => `${chunk({}, reason, { prompt_tokens: 1_000, completion_tokens: 10 })}data: [DONE]\n\n`;
const says = (text: string) => chunk({ role: "assistant", content: text }) + end("stop");
const calls = (name: string, args: object) =>
  chunk({
    role: "assistant",
    tool_calls: [{ index: 0, id: "t1", type: "function", function: { name, arguments: JSON.stringify(args) } }],
  }) + end("tool_calls");

function scripted(...answers: string[]) {
  const asked: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_url, init) => {
    const answer = answers[asked.push(String(init?.body)) - 1];
    return new Response(answer, { headers: { "Content-Type": "text/event-stream" } });
  });
  return asked;
}

beforeEach(() => rows("DELETE FROM agent_runs"));
afterEach(() => vi.restoreAllMocks());

test("a model has another agent run, as a run of its own, and reads its own history", async () => {
  await putModel("asker", "gpt-4.1-mini", ["run_agent", "read_history"]);
  const asked = scripted(
    calls("run_agent", { agent: "echo", params: { a: 1 } }),
    calls("run_agent", { agent: "nobody" }),
    calls("read_history", {}),
    says("Done."),
  );
  const answer = await run("asker", { prompt: "Ask." });
  expect(answer.output).toMatchObject({ text: "Done." });
  expect(await rows("SELECT output_data, request_key FROM agent_runs WHERE agent_name = 'echo'")).toEqual([
    { output_data: '{"a":1}', request_key: `child:${answer.run_id}:1:1` },
  ]);
  expect(asked.at(-1)).toContain("there is no agent");
  expect(asked.at(-1)).toContain("running");
});

test("an agent that asks itself to run gets no deeper than the limit", async () => {
  await putModel("recursive", "gpt-4.1-mini", ["run_agent"]);
  const down = calls("run_agent", { agent: "recursive", params: { prompt: "Down." } });
  const asked = scripted(down, down, down, down, ...Array(4).fill(says("Up.")));
  expect((await run("recursive", { prompt: "Down." })).output).toMatchObject({ text: "Up." });
  expect(asked[4]).toContain("no run may be deeper");
  expect(await rows("SELECT id FROM agent_runs WHERE agent_name = 'recursive'")).toHaveLength(4);
});

const spends = (cost_usd: number) => calls("run_agent", { agent: "spender", params: { cost_usd } });
const spent = () => rows("SELECT cost_microusd FROM agent_runs WHERE agent_name = 'spender'");

test("a model has no agent run but those that its definition names", async () => {
  await putModel("confined", "gpt-4.1-mini", ["run_agent"], { run_agents: ["echo"] });
  const asked = scripted(spends(0.01), calls("run_agent", { agent: "echo" }), says("Done."));
  expect((await run("confined", { prompt: "Ask." })).status).toBe("completed");
  expect(asked[1]).toMatch(/invalid.*echo/i);
  expect(await spent()).toEqual([]);
  expect(await rows("SELECT id FROM agent_runs WHERE agent_name = 'echo'")).toHaveLength(1);
});

test("what the runs cost that a run asks for counts against its own max_run_usd, and none is begun past it", async () => {
  await putModel("bounded", "gpt-4.1-mini", ["run_agent"], {}, { budget: { max_run_usd: 0.025 } });
  const asked = scripted(spends(0.01), spends(0.01), spends(0.01), says("Done."));
  expect((await run("bounded", { prompt: "Ask." })).output).toMatchObject({ text: "Done." });
  expect(asked[2]).not.toContain("is left");
  // Two runs of a cent, and what the model itself has used by then.
  expect(asked[3]).toMatch(/may cost \$0\.025, of which \$0\.00[34]\d+ is left, and another run may cost \$0\.01/);
  expect(await spent()).toHaveLength(2);
});

test("what a run's runs ask for in their turn counts for it too", async () => {
  await putModel("middle", "gpt-4.1-mini", ["run_agent"]);
  await putModel("top", "gpt-4.1-mini", ["run_agent"], { run_agents_usd: 0.025 });
  const middle = calls("run_agent", { agent: "middle", params: { prompt: "Ask." } });
  const asked = scripted(middle, spends(0.01), says("Asked."), spends(0.01), spends(0.01), says("Done."));
  expect((await run("top", { prompt: "Ask." })).output).toMatchObject({ text: "Done." });
  expect(asked[5]).toContain("may cost $0.025, of which $0.004168 is left"); // middle's two steps are of it
  expect(await spent()).toHaveLength(2);
});

test("runs that a model asks for at once cannot cost the same dollar twice", async () => {
  await putModel("hasty", "gpt-4.1-mini", ["run_agent"], { run_agents_usd: 0.015 });
  const call = (index: number) => ({
    index,
    id: `t${index}`,
    type: "function",
    function: { name: "run_agent", arguments: '{"agent":"spender"}' },
  });
  const asked = scripted(chunk({ tool_calls: [0, 1, 2].map(call) }) + end("tool_calls"), says("Done."));
  expect((await run("hasty", { prompt: "Ask." })).status).toBe("completed");
  expect(await spent()).toHaveLength(1);
  expect(asked[1]?.match(/is left/g)).toHaveLength(2);
});

test("the price of a model is as it is set, from the next attempt on, and as before once that is taken back", async () => {
  const path = `/api/prices/${encodeURIComponent("vendor/model")}`;
  expect((await request(path)).status).toBe(404);
  await putModel("priced", "vendor/model");
  const set = await put(path, { input_usd_per_million: 7, output_usd_per_million: 0, as_of: "2026-11-01" });
  expect(await set.json()).toMatchObject({ model: "vendor/model", source: "set", input_usd_per_million: 7 });
  scripted(says("."), says("."));
  expect((await run("priced", { prompt: "." })).estimated_cost).toBeCloseTo(0.007, 9);
  const { prices } = await getJson<{ prices: { model: string }[] }>("/api/prices");
  expect(prices.map(({ model }) => model)).toEqual(expect.arrayContaining(["vendor/model", "gpt-4.1"]));
  expect(await (await request(path, { method: "DELETE" })).json()).toMatchObject({ removed: true, now: null });
  expect((await request(path, { method: "DELETE" })).status).toBe(404);
  expect((await run("priced", { prompt: "." })).estimated_cost).toBe(0);
});

test("a price that is none is refused by field", async () => {
  const response = await put("/api/prices/m", { input_usd_per_million: -1, output_usd_per_million: "much" });
  expect(response.status).toBe(422);
  const { errors } = await response.json<{ errors: { field: string }[] }>();
  expect(errors.map(({ field }) => field)).toEqual(["input_usd_per_million", "output_usd_per_million"]);
});
