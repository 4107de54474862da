import { env } from "cloudflare:test";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { RunAnswer } from "../../src/contract/run.ts";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { getJson, readRun, request, rows } from "./service.ts";

/** Each is what only the service and one other may know. */
const SECRETS = {
  SESSION_OPENAI_API_KEY: "sk-openai-5f1c9a77d0e24b",
  SESSION_ANTHROPIC_API_KEY: "sk-ant-1d2c3b4a5f6e7788",
  HTTP_AGENT_SECRET: "whsec_c2Vzc2lvbi1zZWNyZXQtb2YtaHR0cC1hZ2VudHM=",
  WEBHOOK_SECRET: "whsec_c2Vzc2lvbi1zZWNyZXQtb2Ytd2ViaG9va3M=",
  ADMIN_TOKEN: "admin-token-of-the-session-0123456789",
};
const bindings = env as unknown as Record<string, string | undefined>;
const before: Record<string, string | undefined> = {};
/** Completion tokens and API tokens, as they are given out. */
const given: string[] = [];
const answers: string[] = [];
const lines: unknown[][] = [];

/** What the service says, all of it, is kept. */
async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await request(path, {
    method,
    headers: { "Content-Type": "application/json", ...headers },
    ...json,
  });
  const text = await response.text();
  answers.push(`${method} ${path}: ${response.status} ${JSON.stringify([...response.headers])} ${text}`);
  return { status: response.status, body: text };
}

async function run(agent: string, params: object, more: object = {}): Promise<RunAnswer> {
  const answer = JSON.parse((await ask("POST", `/api/agents/${agent}/run`, { params, ...more })).body) as RunAnswer;
  await expect.poll(async () => (await readRun(answer.run_id)).completed_at, { timeout: 8_000 }).not.toBeNull();
  return answer;
}

const openai = SECRETS.SESSION_OPENAI_API_KEY;
const anthropic = SECRETS.SESSION_ANTHROPIC_API_KEY;
const data = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const streamed = (...parts: string[]) =>
  new Response(`${parts.join("")}data: [DONE]\n\n`, { headers: { "Content-Type": "text/event-stream" } });

/** Everybody outside, each of whom says again what he was told in confidence. */
const outside: Record<string, (init: RequestInit, headers: Headers) => Response> = {
  "says-it": (_, headers) => {
    const key = headers.get("Authorization") ?? "";
    const half = Math.floor(key.length / 2);
    const said = [`${"x".repeat(990)} ${key.slice(0, half)}`, key.slice(half), " and so on"];
    return streamed(...said.map((content) => data({ content })), data({}, "stop"));
  },
  "calls-with-it": (_, headers) =>
    streamed(
      data({
        tool_calls: [
          {
            index: 0,
            id: "t",
            type: "function",
            function: { name: "memory", arguments: JSON.stringify({ action: headers.get("Authorization") }) },
          },
        ],
      }),
      data({}, "tool_calls"),
    ),
  refuses: (_, headers) =>
    Response.json({ error: { message: `bad key ${headers.get("Authorization")}` } }, { status: 401 }),
  breaks: (_, headers) => new Response(`data: {"error": {"message": "${headers.get("Authorization")}"}}\n\n`),
  throws: (_, headers) => {
    throw new TypeError(`fetch failed with ${headers.get("Authorization")}`, {
      cause: new Error(String(headers.get("Authorization"))),
    });
  },
  claude: (_, headers) =>
    Response.json({ type: "error", error: { type: "x", message: `not ${headers.get("x-api-key")}` } }, { status: 400 }),
  "remote-fails": (init) => new Response(String(init.body), { status: 500 }),
  "remote-echoes": (init) => Response.json({ output: JSON.parse(String(init.body)) }),
  "remote-streams": (init) =>
    new Response(
      `event: log\ndata: ${JSON.stringify({ message: init.body })}\n\nevent: error\ndata: ${JSON.stringify({ message: init.body })}\n\n`,
      {
        headers: { "Content-Type": "text/event-stream" },
      },
    ),
  hook: () => new Response(null, { status: 500 }),
};

beforeAll(async () => {
  for (const [name, value] of Object.entries(SECRETS)) {
    before[name] = bindings[name];
    bindings[name] = value;
  }
  for (const level of ["log", "warn", "error", "info", "debug"] as const)
    vi.spyOn(console, level).mockImplementation((...line) => void lines.push(line));
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    const token = /"token":"([^"]+)"/.exec(String(init.body))?.[1];
    if (token !== undefined && token !== "(hidden)") given.push(token);
    const answer = outside[url.hostname.split(".")[0] ?? ""];
    if (answer === undefined) throw new Error(`nobody is at ${url.hostname}`);
    return answer(init, new Headers(init.headers));
  });
});

afterAll(() => {
  for (const name of Object.keys(SECRETS)) bindings[name] = before[name];
  vi.restoreAllMocks();
});

/** All that has to do with secrets, and then every question that the API takes about it. */
async function session(): Promise<void> {
  const hook = { webhook_url: "https://hook.example/" };
  const models = ["says-it", "calls-with-it", "refuses", "breaks", "throws"];
  for (const name of models) {
    const llm = {
      model: "gpt-4.1-mini",
      base_url: `https://${name}.example/v1`,
      api_key_secret: "SESSION_OPENAI_API_KEY",
    };
    await ask("PUT", `/api/agents/${name}`, { kind: "llm", llm: { ...llm, tools: ["memory"], max_steps: 2 } });
  }
  const claude = {
    provider: "anthropic",
    model: "claude-sonnet-4",
    base_url: "https://claude.example",
    api_key_secret: "SESSION_ANTHROPIC_API_KEY",
  };
  await ask("PUT", "/api/agents/claude", { kind: "llm", llm: claude });
  const remotes = ["remote-fails", "remote-echoes", "remote-streams"];
  for (const name of remotes)
    await ask("PUT", `/api/agents/${name}`, { kind: "http", http: { url: `https://${name}.example/` } });
  await ask("PUT", "/api/budgets", {
    daily_usd: 0.000_001,
    warn_share: 0.01,
    warn_webhook_url: "https://hook.example/",
  });
  await ask("PUT", "/api/budgets", {});
  await ask("PATCH", "/api/agents/claude", { tags: ["changed"] });
  const token = await ask("POST", "/api/tokens", { name: "of-the-session", role: "operator" });
  given.push((JSON.parse(token.body) as { token: string }).token);
  answers.pop(); // the one answer that has it

  const runs: number[] = [];
  for (const name of [...models, "claude", ...remotes]) runs.push((await run(name, { prompt: "Go." }, hook)).run_id);
  await ask("POST", "/api/agents/runs/1/complete", { output: 1 }, { Authorization: `Bearer ${given[1]}` });
  await ask("GET", "/api/agents", undefined, { Authorization: `Bearer ${SECRETS.ADMIN_TOKEN}x` });
  await expect
    .poll(async () => (await rows("SELECT 1 FROM webhook_deliveries WHERE attempts > 0")).length)
    .toBe(runs.length);
  await everyMinute(env as never);

  const names = [...models, "claude", ...remotes];
  const paths = names.flatMap((name) => [
    `/api/agents/${name}`,
    `/api/agents/${name}/versions`,
    `/api/agents/${name}/memory`,
    `/agents/${name}`,
  ]);
  for (const id of runs) paths.push(`/api/agents/runs/${id}`, `/runs/${id}`);
  paths.push("/api/agents", "/api/agents/runs?limit=200", "/api/audit", "/api/tokens", "/api/budgets", "/api/prices");
  paths.push("/api/agents/costs", "/api/health", "/api/openapi.json", "/", "/settings");
  for (const path of paths) await ask("GET", path);
}

const hiding = () => {
  const raw = Object.values(SECRETS).map((secret) => secret.replace("whsec_", ""));
  return [...raw, ...given];
};

test("the session was one: keys were used, everybody said them again, and the runs ended as they must", {
  timeout: 60_000,
}, async () => {
  await session();
  expect(vi.mocked(globalThis.fetch).mock.calls.length).toBeGreaterThan(15);
  const sent = JSON.stringify(
    vi.mocked(globalThis.fetch).mock.calls.map(([, init]) => [...new Headers(init?.headers)]),
  );
  expect(sent).toContain(openai);
  expect(sent).toContain(anthropic);
  expect(given.length).toBeGreaterThan(3);
  const { runs } = await getJson<{ runs: { agent_name: string; status: string }[] }>("/api/agents/runs?limit=200");
  const ends = Object.fromEntries(runs.map(({ agent_name, status }) => [agent_name, status]));
  expect(ends).toMatchObject({ "says-it": "completed", refuses: "failed", throws: "failed", claude: "failed" });
  expect(ends).toMatchObject({ "remote-fails": "failed", "remote-echoes": "completed", "remote-streams": "failed" });
  expect(answers.length).toBeGreaterThan(70);
  expect(lines.length).toBeGreaterThan(30);
});

test("no secret is in any row of any table", async () => {
  const tables = await rows<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'");
  const stored = tables.map(({ name }) => name).filter((name) => !/^(_cf|sqlite)/.test(name));
  expect(stored.length).toBeGreaterThan(12);
  for (const table of stored) {
    const all = JSON.stringify(await rows(`SELECT * FROM ${table}`));
    for (const secret of hiding()) expect(all.includes(secret), `${table} has ${secret}`).toBe(false);
  }
});

test("no secret is in any line of the log", () => {
  const said = JSON.stringify(lines);
  for (const secret of hiding()) expect(said.includes(secret), `the log has ${secret}`).toBe(false);
});

test("no secret is in any answer, page or event", () => {
  for (const answer of answers) {
    for (const secret of hiding()) expect(answer.includes(secret), `${answer.slice(0, 60)} has ${secret}`).toBe(false);
  }
});

test("what was taken out is said to be: the events of a run whose model said its key have it hidden, in whatever parts", async () => {
  const { runs } = await getJson<{ runs: { id: number; agent_name: string }[] }>("/api/agents/runs?limit=200");
  const id = runs.find(({ agent_name }) => agent_name === "says-it")?.id ?? 0;
  const { events, output } = await readRun(id);
  const texts = events.flatMap((event) =>
    event.type === "log" && event.message === "text" ? [event.data as { text: string }] : [],
  );
  expect(texts.length).toBeGreaterThan(1);
  expect(texts.map(({ text }) => text).join("")).toContain("Bearer (hidden) and so on");
  expect(JSON.stringify(output)).toContain("Bearer (hidden) and so on");
});
