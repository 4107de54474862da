import { createExecutionContext, env, evictDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { AGENTS, createRegistry } from "../../src/agents/registry.ts";
import type { AgentDetail } from "../../src/contract/agent.ts";
import type { AgentVersion } from "../../src/contract/agent-version.ts";
import type { RunAnswer } from "../../src/contract/run.ts";
import { RunPolicy } from "../../src/contract/run-policy.ts";
import { createApp } from "../../src/http/app.ts";
import { TEST_AGENTS } from "../agents.ts";
import { faults } from "../faults.ts";
import { getJson, post, readRun, request, rows, run } from "./service.ts";

const HTTP = { kind: "http", http: { url: "https://remote.example/agent" } };

const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  request(path, {
    method,
    headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const put = (name: string, body: unknown, headers?: Record<string, string>) =>
  send("PUT", `/api/agents/${name}`, body, headers);
const patch = (name: string, body: unknown, headers?: Record<string, string>) =>
  send("PATCH", `/api/agents/${name}`, body, headers);
const retire = (name: string, headers?: Record<string, string>) =>
  send("DELETE", `/api/agents/${name}`, undefined, headers);
const detail = (name: string) => getJson<AgentDetail>(`/api/agents/${name}`);
const versions = async (name: string) =>
  (await getJson<{ versions: AgentVersion[] }>(`/api/agents/${name}/versions`)).versions;

async function problem(response: Response) {
  return { status: response.status, ...(await response.json<{ code: string; detail: string; errors?: object[] }>()) };
}

/** Another isolate: it has seen nothing, and learns nothing of what is asked of this one. Counts what it asks D1. */
function otherIsolate() {
  const app = createApp(createRegistry([...AGENTS, ...TEST_AGENTS]));
  const asked = { questions: 0 };
  const DB = new Proxy(env.DB, {
    get(target, property) {
      if (property === "prepare") asked.questions++;
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const runThere = (name: string, params: object = {}) =>
    Promise.resolve(
      app.fetch(
        new Request(`http://127.0.0.1:8787/api/agents/${name}/run`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ params }),
        }),
        { ...env, DB },
        createExecutionContext(),
      ),
    );
  return { asked, run: runThere };
}

/** A remote agent that answers each run with what it was sent. */
function echoingRemote() {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_url, init) =>
    Response.json({ output: JSON.parse(String(init?.body)).params }),
  );
}

afterEach(() => {
  faults.clear();
  vi.restoreAllMocks();
});

describe("an agent that is stored", () => {
  test("is there once it is put, runs, and its run says which version it ran", async () => {
    echoingRemote();
    const made = await put("fresh", { ...HTTP, description: "Far away.", tags: ["far"], timeout_ms: 9_000 });
    expect(made.status).toBe(201);
    expect(made.headers.get("Location")).toBe("/api/agents/fresh");
    expect(made.headers.get("ETag")).toBe('"1"');
    expect(await made.json()).toMatchObject({
      name: "fresh",
      display_name: "fresh",
      kind: "http",
      version: 1,
      tags: ["far"],
      enabled: true,
      config: { timeout_ms: 9_000, concurrency: { limit: 10, when_full: "queue" }, retry: { max_attempts: 1 } },
      stored: { kind: "http", http: { url: "https://remote.example/agent", completion_timeout_ms: 86_400_000 } },
    });
    const answer = await run("fresh", { a: 1 });
    expect(answer).toMatchObject({ success: true, output: { a: 1 } });
    expect(await readRun(answer.run_id)).toMatchObject({ framework: "http", agent_version: 1 });
    const { agents } = await getJson<{ agents: AgentDetail[] }>("/api/agents?category=custom");
    expect(agents.map(({ name }) => name)).toEqual(["fresh"]);
  });

  test("is replaced whole by another PUT, and not at all by the same", async () => {
    await put("whole", { ...HTTP, tags: ["one"], timeout_ms: 9_000 });
    const again = await put("whole", { ...HTTP, timeout_ms: 9_000, tags: ["one"] });
    expect([again.status, again.headers.get("ETag")]).toEqual([200, '"1"']);
    const other = await put("whole", { ...HTTP, description: "now another" });
    expect([other.status, other.headers.get("ETag")]).toEqual([200, '"2"']);
    expect(await detail("whole")).toMatchObject({ version: 2, tags: [], config: { timeout_ms: 60_000 } });
  });

  test("runs in the background as it is when its turn comes", async () => {
    echoingRemote();
    await put("later", HTTP);
    const response = await request("/api/agents/later/run", { method: "POST", headers: { Prefer: "respond-async" } });
    const { run_id } = await response.json<RunAnswer>();
    await expect.poll(async () => (await readRun(run_id)).status).toBe("completed");
  });

  test("is gone for new runs once it is retired, and its history stays", async () => {
    echoingRemote();
    await put("leaving", HTTP);
    const { run_id } = await run("leaving");
    const gone = await retire("leaving");
    expect(await gone.json()).toEqual({ name: "leaving", version: 2, retired: true });
    for (const response of [
      await post("/api/agents/leaving/run"),
      await request("/api/agents/leaving"),
      await retire("leaving"),
      await patch("leaving", { enabled: true }),
      await post(`/api/agents/runs/${run_id}/replay`),
    ]) {
      expect(await problem(response)).toMatchObject({ status: 410, code: "agent_retired" });
    }
    expect((await readRun(run_id)).agent_name).toBe("leaving");
    const { agents } = await getJson<{ agents: AgentDetail[] }>("/api/agents");
    expect(agents.map(({ name }) => name)).not.toContain("leaving");

    const anew = await put("leaving", HTTP);
    expect([anew.status, anew.headers.get("ETag")]).toEqual([201, '"3"']);
    expect((await run("leaving")).success).toBe(true);
    expect((await versions("leaving")).map(({ change }) => change)).toEqual(["created", "retired", "created"]);
  });

  test("that is retired while a run of it waits has that run fail at its turn", async () => {
    await put("waiting", HTTP);
    const body = { delay_s: 3_600 };
    const { run_id } = await (await post("/api/agents/waiting/run", body)).json<RunAnswer>();
    await retire("waiting");
    await env.DB.prepare("UPDATE agent_runs SET available_at = 1 WHERE id = ?1").bind(run_id).run();
    await env.COORDINATOR.getByName("waiting").sweep();
    await expect.poll(async () => (await readRun(run_id)).status).toBe("failed");
    expect((await readRun(run_id)).error).toContain("no such agent any more");
  });
});

describe("the settings of a built-in agent", () => {
  test("are set, merged and taken back by PATCH, and each change is a version that says who changed what", async () => {
    const before = await detail("counted-one");
    expect(before).toMatchObject({ kind: "code", version: 0, stored: null });
    expect((await patch("counted-one", { timeout_ms: 700, retry: { max_attempts: 2 } })).headers.get("ETag")).toBe(
      '"1"',
    );
    await patch("counted-one", { retry: { factor: 3 }, tags: ["mine"], webhook_url: "https://hooks.example/x" });
    expect(await detail("counted-one")).toMatchObject({
      version: 2,
      tags: ["mine"],
      config: { timeout_ms: 700, retry: { max_attempts: 2, factor: 3 }, webhook_url: "https://hooks.example/x" },
      stored: { kind: "code", timeout_ms: 700, retry: { max_attempts: 2, factor: 3 } },
    });
    await patch("counted-one", { timeout_ms: null, retry: null, tags: null, webhook_url: null });
    expect(await detail("counted-one")).toMatchObject({ config: before.config, tags: before.tags, version: 3 });

    const [third, second, first] = await versions("counted-one");
    expect(first).toMatchObject({
      version: 1,
      change: "changed",
      changed_by: "local",
      changes: [
        { field: "timeout_ms", to: 700 },
        { field: "retry.max_attempts", to: 2 },
      ],
    });
    expect(second?.changes.map(({ field }) => field).sort()).toEqual(["retry.factor", "tags", "webhook_url"]);
    expect(third?.changes).toContainEqual({ field: "timeout_ms", from: 700 });
    expect(third?.config).toEqual({ kind: "code" });
  });

  test("do not change by a PATCH that changes nothing", async () => {
    await patch("counted-two", { enabled: true });
    const same = await patch("counted-two", { enabled: true });
    expect([same.status, same.headers.get("ETag")]).toEqual([200, '"1"']);
    expect((await patch("counted-two", {})).headers.get("ETag")).toBe('"1"');
    expect(await versions("counted-two")).toHaveLength(1);
  });

  test("hold for the next run: less time, and fewer at once", async () => {
    await patch("single", { concurrency: { when_full: "queue" } });
    const first = run("single", { sleep_ms: 300 });
    await expect.poll(async () => (await detail("single")).status).toBe("running");
    const second = await post("/api/agents/single/run", { params: { sleep_ms: 0 } });
    expect([200, 202]).toContain(second.status); // it would be a 429 as the code has it
    await first;
    const { run_id } = await second.json<RunAnswer>();
    await expect.poll(async () => (await readRun(run_id)).status).toBe("completed");
  });
});

describe("in force at once, everywhere:", () => {
  test("an agent that is disabled refuses the next run, in an isolate that has not heard of it too", async () => {
    const other = otherIsolate();
    expect((await other.run("counted-three")).status).toBe(200);
    await patch("counted-three", { enabled: false });
    for (const response of [await post("/api/agents/counted-three/run"), await other.run("counted-three")]) {
      expect(await problem(response)).toMatchObject({ status: 409, code: "agent_disabled" });
    }
    await patch("counted-three", { enabled: true });
    expect((await other.run("counted-three")).status).toBe(200);
    const [{ agent_version } = { agent_version: -1 }] = await rows<{ agent_version: number }>(
      "SELECT agent_version FROM agent_runs WHERE agent_name = 'counted-three' ORDER BY id DESC LIMIT 1",
    );
    expect(agent_version).toBe(2);
  });

  test("params are judged by the schema in force, also where an isolate knows an older one", async () => {
    echoingRemote();
    const schemaOf = (property: string) => ({
      ...HTTP,
      http: { ...HTTP.http, input_schema: { type: "object", required: [property] } },
    });
    await put("typed", schemaOf("a"));
    const other = otherIsolate();
    expect((await other.run("typed", { a: 1 })).status).toBe(200);
    await put("typed", schemaOf("b"));
    expect((await other.run("typed", { b: 1 })).status).toBe(200);
    expect(await problem(await other.run("typed", { a: 1 }))).toMatchObject({ status: 422, code: "invalid_params" });
  });

  test("a retired agent, and one made anew, are what an older isolate runs next", async () => {
    echoingRemote();
    await put("phoenix", HTTP);
    const other = otherIsolate();
    expect((await other.run("phoenix")).status).toBe(200);
    await retire("phoenix");
    expect((await other.run("phoenix")).status).toBe(410);
    await put("phoenix", HTTP);
    expect((await other.run("phoenix")).status).toBe(200);
  });

  test("a run of an agent that was seen before asks D1 nothing in its Worker", async () => {
    echoingRemote();
    await put("cheap", HTTP);
    await patch("counted-four", { timeout_ms: 4_000 });
    const other = otherIsolate();
    for (const name of ["echo", "counted-four", "cheap"]) {
      await other.run(name);
      other.asked.questions = 0;
      expect((await other.run(name)).status).toBe(200);
      expect(other.asked.questions).toBe(0);
    }
    const untouched = otherIsolate();
    expect((await untouched.run("echo")).status).toBe(200);
    expect(untouched.asked.questions).toBe(0);
  });

  test("a coordinator that was reset knows the version that was in force", async () => {
    await patch("counted-five", { timeout_ms: 3_000 });
    const coordinator = env.COORDINATOR.getByName("counted-five");
    await evictDurableObject(coordinator);
    const outcome = await coordinator.begin({
      requestKey: "of an old version",
      fingerprint: null,
      leaseKey: "somebody",
      mode: "execute",
      agentVersion: 0,
      framework: "code",
      inputJson: "{}",
      trigger: "api",
      replayOf: null,
      policy: RunPolicy.parse({}),
      whenFull: "reject",
      maxQueued: 0,
      priority: 0,
      availableAtMs: null,
    });
    expect(outcome).toMatchObject({ ok: false, problem: { code: "agent_changed" } });
    expect(await rows("SELECT id FROM agent_runs WHERE request_key = 'of an old version'")).toEqual([]);
  });
});

describe("two who change an agent at once", () => {
  test("each make a version, and none is lost", async () => {
    await put("busy", HTTP);
    const answers = await Promise.all(
      ["enabled", "timeout_ms", "tags"].map((field) =>
        patch("busy", { [field]: { enabled: false, timeout_ms: 1_234, tags: ["t"] }[field] }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await detail("busy")).toMatchObject({
      version: 4,
      enabled: false,
      tags: ["t"],
      config: { timeout_ms: 1_234 },
    });
  });

  test("with If-Match on the same version: one does, the others are told", async () => {
    await put("guarded", HTTP);
    const answers = await Promise.all(
      [1_000, 2_000, 3_000].map((timeout_ms) => patch("guarded", { timeout_ms }, { "If-Match": '"1"' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
    expect(await versions("guarded")).toHaveLength(2);
    const late = answers.find(({ status }) => status === 412);
    expect(late?.headers.get("ETag")).toBe('"2"');
    expect((await patch("guarded", { timeout_ms: 5 }, { "If-Match": '"2"' })).status).toBe(200);
  });

  test("If-Match and If-None-Match hold for PUT and DELETE too", async () => {
    expect((await put("cautious", HTTP, { "If-Match": "*" })).status).toBe(412);
    expect((await put("cautious", HTTP, { "If-None-Match": "*" })).status).toBe(201);
    expect((await put("cautious", HTTP, { "If-None-Match": "*" })).status).toBe(412);
    expect((await retire("cautious", { "If-Match": '"7"' })).status).toBe(412);
    expect((await retire("cautious", { "If-Match": '"6", "1"' })).status).toBe(200);
  });
});

describe("what is stored of an agent survives D1's faults:", () => {
  test("a change whose reply D1 loses is in force, and a repeat of it changes nothing more", async () => {
    await put("lossy", HTTP);
    faults.plan(["lose_reply"]);
    expect(await problem(await patch("lossy", { timeout_ms: 77 }))).toMatchObject({ status: 503 });
    faults.clear();
    expect((await patch("lossy", { timeout_ms: 77 })).status).toBe(200);
    expect(await detail("lossy")).toMatchObject({ version: 2, config: { timeout_ms: 77 } });
    echoingRemote();
    expect((await run("lossy")).success).toBe(true);
  });

  test("a change that D1 refuses is not made", async () => {
    await put("refused", HTTP);
    faults.plan(["refuse"]);
    expect(await problem(await retire("refused"))).toMatchObject({ status: 503, code: "storage_unavailable" });
    expect((await detail("refused")).version).toBe(1);
  });

  test("the same change told to a coordinator twice is one version", async () => {
    const change = {
      baseVersion: 0,
      change: "created" as const,
      configJson: JSON.stringify(HTTP),
      changeKey: "once",
      changedBy: "a test",
    };
    const coordinator = env.COORDINATOR.getByName("told-twice");
    const first = await coordinator.configure(change);
    expect(first).toMatchObject({ ok: true, kind: "configured", version: 1 });
    expect(await coordinator.configure(change)).toEqual(first);
    expect(await coordinator.configure({ ...change, changeKey: "another" })).toEqual({ ok: true, kind: "conflict" });
  });
});

describe("refused:", () => {
  test.for([
    { what: "nothing", body: {}, field: "kind" },
    { what: "another kind", body: { kind: "code" }, field: "kind" },
    { what: "no url", body: { kind: "http", http: {} }, field: "http.url" },
    { what: "a url that is none", body: { kind: "http", http: { url: "remote" } }, field: "http.url" },
    { what: "another scheme", body: { kind: "http", http: { url: "ftp://remote.example/" } }, field: "http.url" },
    { what: "a private address", body: { kind: "http", http: { url: "http://10.0.0.1/" } }, field: "http.url" },
    { what: "an odd spelling of one", body: { kind: "http", http: { url: "http://0x7f.1/" } }, field: "http.url" },
    { what: "a local name", body: { kind: "http", http: { url: "http://db.internal/" } }, field: "http.url" },
    { what: "credentials", body: { kind: "http", http: { url: "https://me:it@remote.example/" } }, field: "http.url" },
    { what: "a field that is none", body: { ...HTTP, colour: "red" }, field: "body" },
    { what: "a field of http that is none", body: { ...HTTP, http: { ...HTTP.http, key: 1 } }, field: "http" },
    { what: "no time", body: { ...HTTP, timeout_ms: 0 }, field: "timeout_ms" },
    { what: "too much time", body: { ...HTTP, timeout_ms: 1e9 }, field: "timeout_ms" },
    { what: "a limit of none", body: { ...HTTP, concurrency: { limit: 0 } }, field: "concurrency.limit" },
    { what: "an end that is none", body: { ...HTTP, retry: { on: ["completed"] } }, field: "retry.on.0" },
    { what: "a tag of nothing", body: { ...HTTP, tags: [""] }, field: "tags.0" },
    { what: "a private webhook", body: { ...HTTP, webhook_url: "http://192.168.1.1/" }, field: "webhook_url" },
    {
      what: "a schema with a type that is none",
      body: { ...HTTP, http: { ...HTTP.http, input_schema: { $ref: "#/nowhere" } } },
      field: "http.input_schema",
    },
    {
      what: "a schema with a pattern that is none",
      body: { ...HTTP, http: { ...HTTP.http, output_schema: { pattern: "(" } } },
      field: "http.output_schema",
    },
  ])("a definition with $what, by its field", async ({ body, field }) => {
    const { status, code, errors } = await problem(await put("bad", body));
    expect([status, code]).toEqual([422, "invalid_request"]);
    expect(errors).toContainEqual({ field, reason: expect.any(String) });
    expect(await rows("SELECT 1 FROM agent_versions WHERE agent_name = 'bad'")).toEqual([]);
  });

  test.for(["timeout_ms", "retry", "concurrency"])("a PATCH with a bad %s, by its field", async (field) => {
    const { status, errors } = await problem(await patch("echo", { [field]: "lots" }));
    expect(status).toBe(422);
    expect(errors).toContainEqual({ field, reason: expect.any(String) });
  });

  test("a PATCH of what is not a setting", async () => {
    await put("fixed", HTTP);
    expect((await problem(await patch("fixed", { http: { url: "https://elsewhere.example/" } }))).status).toBe(422);
  });

  test("a built-in agent is neither replaced nor retired", async () => {
    for (const response of [await put("echo", HTTP), await retire("echo")]) {
      expect(await problem(response)).toMatchObject({ status: 409, code: "agent_built_in" });
    }
    expect((await run("echo", { still: "here" })).output).toEqual({ still: "here" });
  });

  test("what was never there is not there", async () => {
    for (const response of [
      await request("/api/agents/nobody"),
      await request("/api/agents/nobody/versions"),
      await retire("nobody"),
      await patch("nobody", { enabled: false }),
    ]) {
      expect(await problem(response)).toMatchObject({ status: 404, code: "agent_not_found" });
    }
    expect((await put("Not A Name", HTTP)).status).toBe(422);
  });

  test("without a token nothing of an agent is read or changed", async () => {
    for (const [method, path] of [
      ["PUT", "/api/agents/closed"],
      ["PATCH", "/api/agents/echo"],
      ["DELETE", "/api/agents/echo"],
      ["GET", "/api/agents/echo/versions"],
    ] as const) {
      const app = createApp(createRegistry(AGENTS));
      const closed = { ...env, LOCAL_OPEN: "", ADMIN_TOKEN: "s3cret" };
      const response = await app.fetch(new Request(`http://127.0.0.1:8787${path}`, { method }), closed);
      expect(response.status).toBe(401);
    }
  });
});

test("the versions of an agent are listed page by page, newest first", async () => {
  await put("paged", HTTP);
  for (let ms = 1; ms <= 4; ms++) await patch("paged", { timeout_ms: ms });
  const page = await getJson<{ versions: AgentVersion[]; next_before: number }>("/api/agents/paged/versions?limit=2");
  expect(page.versions.map(({ version }) => version)).toEqual([5, 4]);
  expect(page.versions[1]?.changes).toEqual([{ field: "timeout_ms", from: 2, to: 3 }]);
  const rest = await getJson<{ versions: AgentVersion[]; next_before: null }>(
    `/api/agents/paged/versions?before=${page.next_before}`,
  );
  expect(rest.versions.map(({ version }) => version)).toEqual([3, 2, 1]);
  expect(rest.next_before).toBeNull();
});
