import { env } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import type { AuditEntry } from "../../src/contract/audit.ts";
import { ROUTES } from "../../src/http/app.ts";
import { isAudited } from "../../src/http/route.ts";
import { ask, bearer, createToken, json, TOKEN } from "./deployed.ts";
import { rows } from "./service.ts";

const admin = bearer(TOKEN).headers;

async function newest(): Promise<AuditEntry | undefined> {
  const page = await (await ask("/api/audit?limit=1", bearer(TOKEN))).json<{ entries: AuditEntry[] }>();
  return page.entries[0];
}

test("whatever an operator or an admin changes is recorded, but the start of a run", () => {
  const unrecorded = ROUTES.filter((route) => route.method !== "GET" && !isAudited(route));
  const asked = unrecorded.filter(({ access }) => access === "operator" || access === "admin");
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual(["POST /api/agents/{name}/run"]);
});

test("a change of an agent is recorded: who, what, when, before and after", async () => {
  const { token } = await createToken({ name: "editor", role: "admin" });
  const change = (timeout_ms: number) => ask("/api/agents/echo", json("PATCH", { timeout_ms }, bearer(token).headers));
  await change(5_000);
  const response = await change(6_000);
  const entry = await newest();
  expect(entry).toEqual({
    id: expect.any(Number),
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    by: "editor",
    role: "admin",
    action: "PATCH /api/agents/{name}",
    subject: "/api/agents/echo",
    request_id: response.headers.get("X-Request-Id"),
    status: 200,
    before: expect.objectContaining({ timeout_ms: 5_000 }),
    after: expect.objectContaining({ timeout_ms: 6_000 }),
  });
});

test("a token that is made and revoked is recorded without itself", async () => {
  const { id, token } = await createToken({ name: "passing", role: "viewer" });
  expect(await newest()).toMatchObject({ status: 201, before: null, after: { name: "passing", status: "active" } });
  await ask(`/api/tokens/${id}`, { method: "DELETE", headers: admin });
  expect(await newest()).toMatchObject({
    action: "DELETE /api/tokens/{id}",
    before: { status: "active", revoked_by: null },
    after: { status: "revoked", revoked_by: "admin" },
  });
  expect(JSON.stringify(await rows("SELECT * FROM audit_log"))).not.toContain(token);
});

test("a run that is cancelled or replayed is recorded, and one that is started is not", async () => {
  const operator = bearer((await createToken({ name: "operates", role: "operator" })).token).headers;
  const before = await newest();
  const started = await (await ask("/api/agents/echo/run", { method: "POST", headers: operator })).json<{
    run_id: number;
  }>();
  expect(await newest()).toEqual(before);
  const path = `/api/agents/runs/${started.run_id}`;
  await ask(`${path}/cancel`, { method: "POST", headers: operator });
  expect(await newest()).toMatchObject({ by: "operates", role: "operator", subject: `${path}/cancel`, status: 409 });
  const replay = await ask(`${path}/replay`, { method: "POST", headers: operator });
  const { run_id } = await replay.json<{ run_id: number }>();
  expect(await newest()).toMatchObject({ status: 202, after: { replay_of: started.run_id, run_id } });
  await ask(`/api/agents/runs/${run_id}?wait=10`, { headers: operator });
});

test("what is not valid, or not allowed, is no change and leaves no record", async () => {
  const viewer = bearer((await createToken({ name: "only reads", role: "viewer" })).token).headers;
  const before = await newest();
  expect((await ask("/api/agents/echo", json("PATCH", { timeout_ms: -1 }, admin))).status).toBe(422);
  expect((await ask("/api/agents/echo", json("PATCH", { timeout_ms: 5 }, viewer))).status).toBe(403);
  expect((await ask("/api/agents/echo", json("PATCH", { timeout_ms: 5 }))).status).toBe(401);
  expect(await newest()).toEqual(before);
});

/** D1, of which statements that hold `words` fail. */
function failing(words: string): D1Database {
  const prepare = (sql: string) => {
    if (sql.includes(words)) throw new Error("D1 is away");
    return env.DB.prepare(sql);
  };
  return new Proxy(env.DB, {
    get: (db, name) => (name === "prepare" ? prepare : Reflect.get(db, name).bind(db)),
  });
}

test("where no record can be made nothing is changed", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const body = json("POST", { name: "unrecorded", role: "viewer" }, admin);
  const response = await ask("/api/tokens", body, { DB: failing("INSERT INTO audit_log") });
  expect([response.status, await response.json()]).toEqual([
    503,
    expect.objectContaining({ code: "storage_unavailable" }),
  ]);
  expect(await rows("SELECT id FROM api_tokens WHERE name = 'unrecorded'")).toEqual([]);
});

test("a change whose outcome could not be recorded stands in the record without one", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const body = json("POST", { name: "half recorded", role: "viewer" }, admin);
  expect((await ask("/api/tokens", body, { DB: failing("UPDATE audit_log") })).status).toBe(201);
  expect(await newest()).toMatchObject({ action: "POST /api/tokens", status: null, before: null, after: null });
});

test("the record is read by pages, newest first, to the last entry", async () => {
  const seen: number[] = [];
  for (let before: number | null = Number.MAX_SAFE_INTEGER; before !== null; ) {
    const response = await ask(`/api/audit?limit=3&before=${before}`, bearer(TOKEN));
    const page: { entries: AuditEntry[]; next_before: number | null } = await response.json();
    seen.push(...page.entries.map(({ id }) => id));
    before = page.next_before;
  }
  const stored = await rows<{ id: number }>("SELECT id FROM audit_log ORDER BY id DESC");
  expect(seen.length).toBeGreaterThan(6);
  expect(seen).toEqual(stored.map(({ id }) => id));
});

test("what is done to a job is recorded, what it was and what it became", async () => {
  const jobs = "/api/scheduler/jobs";
  const trigger = { type: "date", run_date: "2099-01-01T00:00:00Z" };
  const created = { id: "audited", name: "Audited", agent: "echo", params: {}, trigger };
  expect((await ask(jobs, json("POST", created, admin))).status).toBe(201);
  expect(await newest()).toMatchObject({ status: 201, before: null, after: { id: "audited", enabled: true } });
  expect((await ask(`${jobs}/audited/pause`, { method: "POST", headers: admin })).status).toBe(200);
  expect(await newest()).toMatchObject({ before: { enabled: true }, after: { enabled: false } });
  await ask(`${jobs}/audited`, json("PATCH", { name: "Renamed" }, admin));
  expect(await newest()).toMatchObject({ before: { name: "Audited" }, after: { name: "Renamed" } });
  await ask(`${jobs}/audited`, { method: "DELETE", headers: admin });
  expect(await newest()).toMatchObject({
    action: "DELETE /api/scheduler/jobs/{id}",
    before: { name: "Renamed" },
    after: null,
  });
});

test("a budget that is set is recorded, what it was and what it became", async () => {
  for (const daily_usd of [5, 7]) {
    expect((await ask("/api/budgets", json("PUT", { daily_usd }, admin))).status).toBe(200);
  }
  expect(await newest()).toMatchObject({ by: "admin", before: { daily_usd: 5 }, after: { daily_usd: 7 } });
});
