import { env } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { DigestOutput } from "../../src/agents/digest/output.ts";
import { faults } from "../faults.ts";
import { expectAnswerToBeStored } from "./history.ts";
import { page, scriptedSite } from "./scripted-site.ts";
import { post, request, rows, run } from "./service.ts";

beforeEach(async () => {
  await rows("DELETE FROM agent_runs");
});

afterEach(() => {
  faults.clear();
  vi.restoreAllMocks();
});

const digest = async (params: object = {}) => {
  const answer = await run("digest", { ...params });
  expect(answer.error).toBeNull();
  await expectAnswerToBeStored(answer);
  return answer.output as DigestOutput;
};

test("a digest of a day with all kinds of runs says what the history has, and does not count itself", async () => {
  for (let n = 0; n < 3; n++) await run("counted-one", { n });
  const { run_id } = await run("thrower");
  await run("deaf");
  await post("/api/agents/retired/run");
  await rows(
    "UPDATE agent_runs SET created_at = created_at - 25 * 3600000 WHERE id = (SELECT min(id) FROM agent_runs)",
  );

  const output = await digest();

  expect(output).toMatchObject({
    total_runs: 4,
    truncated: false,
    by_status: { completed: 2, failed: 1, timed_out: 1 },
    tokens: 2 * 5 + 7,
    cost_usd: 0.250_002,
    dearest: [{ run_id, agent: "thrower", value: 0.25 }, {}, {}],
  });
  expect(output.failures.map(({ status, agents, runs }) => [status, agents, runs]).toSorted()).toEqual([
    ["failed", ["thrower"], 1],
    ["timed_out", ["deaf"], 1],
  ]);
  expect(output.markdown).toContain("4 runs: 1 timed out, 1 failed, 2 completed.");
  expect((await digest({ hours: 48 })).total_runs).toBe(6);
});

test("a digest names the sites that changed, were down and came back, each with its last change", async () => {
  const answers: Parameters<typeof scriptedSite>[0] = {};
  const site = scriptedSite(answers);
  vi.spyOn(globalThis, "fetch").mockImplementation((url, init) => site.fetch(String(url), init ?? {}));
  const [same, other, down, back] = ["same", "other", "down", "back"].map((name) => `https://${name}.digest.example/`);
  const targets = [same, other, down, back];
  const scan = (up: Record<string, string>) => {
    for (const url of Object.keys(answers)) delete answers[url];
    for (const [url, html] of Object.entries(up)) answers[url] = page(html);
    return run("scanner", { targets });
  };
  await scan({ [`${same}`]: "1", [`${other}`]: "1", [`${down}`]: "1" });
  await rows("DELETE FROM agent_runs");
  await scan({ [`${same}`]: "1", [`${other}`]: "2", [`${back}`]: "1" });
  const last = await scan({ [`${same}`]: "1", [`${other}`]: "2", [`${back}`]: "1" });

  const { changed_scans, markdown } = await digest();

  expect(changed_scans.map(({ target, change }) => [change, target])).toEqual([
    ["down", down],
    ["recovered", back],
    ["changed", other],
  ]);
  expect(changed_scans[0]).toMatchObject({ run_id: last.run_id, down_since: expect.stringMatching(/Z$/) });
  expect(markdown).toContain("## Changed sites");
});

describe("with a model", () => {
  const secrets = env as unknown as Record<string, string | undefined>;
  const KEY = "sk-the-key-of-the-digest";
  const data = (value: object) => `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", ...value })}\n\n`;
  const says = (text: string) =>
    new Response(
      data({ choices: [{ index: 0, delta: { role: "assistant", content: text }, finish_reason: "stop" }] }) +
        data({ choices: [], usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 } }) +
        "data: [DONE]\n\n",
      { headers: { "Content-Type": "text/event-stream" } },
    );
  const model = (answer: () => Response | Promise<Response>) =>
    vi.spyOn(globalThis, "fetch").mockImplementation(async () => answer());

  beforeEach(() => Object.assign(secrets, { DIGEST_MODEL: "gpt-4.1-mini", OPENAI_API_KEY: KEY }));
  afterEach(() => Object.assign(secrets, { DIGEST_MODEL: undefined, OPENAI_API_KEY: undefined }));

  test("it begins with what the model makes of it, as text, and its cost is the run's", async () => {
    await run("thrower");
    const asked = model(() => says("One run of *thrower* failed. <b>Look</b> at it."));

    const answer = await run("digest");

    const output = answer.output as DigestOutput;
    expect(output).toMatchObject({ total_runs: 1, summary: "One run of *thrower* failed. <b>Look</b> at it." });
    expect(output.summary_note).toBeNull();
    expect(output.markdown).toContain(
      "\n\nOne run of \\*thrower\\* failed. &lt;b>Look&lt;/b> at it.\n\n## Failures by cause",
    );
    expect(answer).toMatchObject({ tokens_input: 1_000, tokens_output: 100, estimated_cost: 0.000_56 });
    const [url, init] = asked.mock.calls[0] ?? [];
    expect(String(url)).toBe("https://api.openai.com/v1/chat/completions");
    expect(String(init?.body)).toContain("the moon is not available");
  });

  test.for([
    { what: "refuses", answer: () => Response.json({ error: { message: `no ${KEY}` } }, { status: 401 }), says: "401" },
    { what: "breaks off", answer: () => new Response("data: {"), says: "made no summary" },
    { what: "says nothing", answer: () => says("  "), says: "it said nothing" },
    { what: "is not there", answer: () => Promise.reject(new TypeError("lost")), says: "made no summary" },
  ])("that $what it is whole without, says why, and completes", async ({ answer, says }) => {
    await run("thrower");
    model(answer);

    const output = await digest();

    expect(output).toMatchObject({ total_runs: 1, summary: null, summary_note: expect.stringContaining(says) });
    expect(output.failures).toHaveLength(1);
    expect(output.markdown).toContain("made no summary");
    expect(JSON.stringify(output)).not.toContain(KEY);
  });

  test("whose key is missing it says which secret to set", async () => {
    secrets.OPENAI_API_KEY = undefined;
    const asked = model(() => says("."));
    expect((await digest()).summary_note).toContain("wrangler secret put OPENAI_API_KEY");
    expect(asked).not.toHaveBeenCalled();
  });
});

test("a digest that is asked for too much is answered 422 by field", async () => {
  for (const hours of [0, 169, "day"]) {
    const response = await post("/api/agents/digest/run", { params: { hours } });
    expect([response.status, (await response.json<{ errors: object[] }>()).errors]).toMatchObject([
      422,
      [{ field: "params.hours" }],
    ]);
  }
});

test("the digest is an agent like the others: listed, with a schema for its params", async () => {
  const response = await request("/api/agents/digest");
  expect(await response.json()).toMatchObject({ name: "digest", category: "reporting", kind: "code" });
});
