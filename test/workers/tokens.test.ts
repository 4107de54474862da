import { env } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { CREDENTIAL_CACHE_MS, LAST_USE_MS } from "../../src/contract/limits.ts";
import { forgetCredentials } from "../../src/http/credentials.ts";
import { ask, bearer, type Created, createToken, json, signIn, TOKEN } from "./deployed.ts";
import { rows } from "./service.ts";

interface Listed {
  id: number;
  name: string;
  status: string;
  last_used_at: string | null;
  revoked_by: string | null;
}

const admin = bearer(TOKEN).headers;
const list = async () => (await (await ask("/api/tokens", bearer(TOKEN))).json<{ tokens: Listed[] }>()).tokens;
const revoke = (id: number) => ask(`/api/tokens/${id}`, { method: "DELETE", headers: admin });

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("a viewer reads and may not run; an operator runs and may not create tokens; an admin may", async () => {
  const viewer = await createToken({ name: "reads", role: "viewer" });
  const operator = await createToken({ name: "runs", role: "operator" });
  const other = await createToken({ name: "sets", role: "admin" });
  const may = async ({ token }: Created) => [
    (await ask("/api/agents", bearer(token))).status,
    (await ask("/api/agents/echo/run", { method: "POST", ...bearer(token) })).status,
    (await ask("/api/tokens", bearer(token))).status,
  ];
  expect(await may(viewer)).toEqual([200, 403, 403]);
  expect(await may(operator)).toEqual([200, 200, 403]);
  expect(await may(other)).toEqual([200, 200, 200]);
});

test("a token stands in the answer that creates it and nowhere else: no row, no log line, no other answer", async () => {
  const logged = (["log", "warn", "error"] as const).map((level) => vi.spyOn(console, level));
  const created = await createToken({ name: "secret", role: "admin" });
  expect(created.token).toMatch(/^ar_[A-Za-z0-9_-]{43}$/);
  const { cookie } = await signIn(created.token);
  const secrets = [created.token, created.token.slice(3), cookie.slice(cookie.indexOf("=") + 1)];

  const answers = [
    await ask("/api/tokens", bearer(created.token)),
    await ask("/api/session", bearer(created.token)),
    await ask("/api/audit", bearer(created.token)),
    await ask("/api/tokens", json("POST", { name: "secret", role: "viewer" }, bearer(created.token).headers)),
    await revoke(created.id),
    await ask("/api/agents", bearer(created.token)),
  ];
  const said = await Promise.all(answers.map(async (answer) => `${await answer.text()} ${[...answer.headers]}`));
  const tables = await rows<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
  );
  expect(tables.map(({ name }) => name)).toContain("api_tokens");
  for (const { name } of tables) said.push(JSON.stringify(await rows(`SELECT * FROM "${name}"`)));
  said.push(...logged.flatMap((spy) => spy.mock.calls.flat().map(String)));
  expect(said.filter((text) => secrets.some((secret) => text.includes(secret)))).toEqual([]);
});

test("a revoked token opens nothing from then on, and keeps who revoked it first", async () => {
  const { id, token } = await createToken({ name: "leaked", role: "operator" });
  expect((await ask("/api/agents", bearer(token))).status).toBe(200);
  expect(await (await revoke(id)).json()).toMatchObject({ status: "revoked", revoked_by: "admin" });
  expect((await ask("/api/agents", bearer(token))).status).toBe(401);
  const again = await createToken({ name: "other admin", role: "admin" });
  const repeated = await ask(`/api/tokens/${id}`, { method: "DELETE", ...bearer(again.token) });
  expect([repeated.status, (await repeated.json<Listed>()).revoked_by]).toEqual([200, "admin"]);
  expect((await revoke(999)).status).toBe(404);
});

test("a revocation that another isolate made counts here within five seconds", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { id, token } = await createToken({ name: "elsewhere", role: "viewer" });
  expect((await ask("/api/agents", bearer(token))).status).toBe(200);
  await env.DB.prepare("UPDATE api_tokens SET revoked_at = 1, revoked_by = 'x' WHERE id = ?1").bind(id).run();
  vi.setSystemTime(Date.now() + CREDENTIAL_CACHE_MS);
  expect((await ask("/api/agents", bearer(token))).status).toBe(401);
  expect(CREDENTIAL_CACHE_MS).toBeLessThanOrEqual(5_000);
});

test("a token opens nothing from the millisecond at which it expires, whatever is remembered of it", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const expiresAtMs = Date.now() + 60_000;
  const { token } = await createToken({
    name: "short",
    role: "viewer",
    expires_at: new Date(expiresAtMs).toISOString(),
  });
  vi.setSystemTime(expiresAtMs - 1);
  expect((await ask("/api/agents", bearer(token))).status).toBe(200);
  vi.setSystemTime(expiresAtMs);
  expect((await ask("/api/agents", bearer(token))).status).toBe(401);
  expect((await list()).find(({ name }) => name === "short")?.status).toBe("expired");
});

test("a token's last use is written once an hour at most, and costs the request no write of its own", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { id, token } = await createToken({ name: "used", role: "viewer" });
  const lastUse = async () => {
    forgetCredentials(env.DB);
    await ask("/api/agents", bearer(token));
    const [row] = await rows<{ last_used_at: number }>("SELECT last_used_at FROM api_tokens WHERE id = ?1", id);
    return row?.last_used_at;
  };
  const firstMs = Date.now();
  expect(await lastUse()).toBe(firstMs);
  vi.setSystemTime(firstMs + LAST_USE_MS - 1);
  expect(await lastUse()).toBe(firstMs);
  vi.setSystemTime(firstMs + LAST_USE_MS);
  expect(await lastUse()).toBe(firstMs + LAST_USE_MS);
});

test("two tokens in force never share a name, and a revoked one leaves its name free", async () => {
  const first = await createToken({ name: "ci", role: "viewer" });
  const attempts = await Promise.all(
    Array.from({ length: 5 }, () => ask("/api/tokens", json("POST", { name: "ci", role: "viewer" }, admin))),
  );
  expect(attempts.map(({ status }) => status)).toEqual([409, 409, 409, 409, 409]);
  expect(await attempts[0]?.json()).toMatchObject({ code: "token_exists" });
  await revoke(first.id);
  const second = await createToken({ name: "ci", role: "viewer" });
  expect(second.id).toBeGreaterThan(first.id);
});

test.for([
  { name: "admin", role: "viewer" },
  { name: "Local", role: "viewer" },
  { name: "someone@example.com", role: "viewer" },
  { name: "", role: "viewer" },
  { name: "x", role: "owner" },
  { name: "x", role: "viewer", expires_at: "2020-01-01T00:00:00Z" },
  { name: "x", role: "viewer", requests_per_minute: 0 },
])("no token is made of $name, $role, $expires_at", async (fields) => {
  expect((await ask("/api/tokens", json("POST", fields, admin))).status).toBe(422);
  expect(await rows("SELECT id FROM api_tokens WHERE name = 'x'")).toEqual([]);
});

test("the record of a change names the token that made it", async () => {
  const { token } = await createToken({ name: "deployer", role: "admin" });
  const headers = { ...bearer(token).headers, "Content-Type": "application/json" };
  const response = await ask("/api/agents/echo", {
    method: "PATCH",
    headers,
    body: '{"enabled":true,"timeout_ms":5000}',
  });
  expect(response.status).toBe(200);
  const page = await (await ask("/api/agents/echo/versions", bearer(token))).json();
  expect(page).toMatchObject({ versions: [{ changed_by: "deployer" }] });
});

test("tokens are listed by pages, newest first, to the last", async () => {
  for (const name of ["p1", "p2", "p3"]) await createToken({ name, role: "viewer" });
  const seen: number[] = [];
  for (let before: number | null = Number.MAX_SAFE_INTEGER; before !== null; ) {
    const response = await ask(`/api/tokens?limit=2&before=${before}`, bearer(TOKEN));
    const page: { tokens: Listed[]; next_before: number | null } = await response.json();
    seen.push(...page.tokens.map(({ id }) => id));
    before = page.next_before;
  }
  const stored = await rows<{ id: number }>("SELECT id FROM api_tokens ORDER BY id DESC");
  expect(seen).toEqual(stored.map(({ id }) => id));
});

/** D1, which notes what every statement is given. */
function noting(given: unknown[]): D1Database {
  const prepare = (sql: string) => {
    const statement = env.DB.prepare(sql);
    const bind = (...values: unknown[]) => {
      given.push(...values);
      return statement.bind(...values);
    };
    return new Proxy(statement, {
      get: (target, name) => (name === "bind" ? bind : Reflect.get(target, name).bind(target)),
    });
  };
  return new Proxy(env.DB, {
    get: (db, name) => (name === "prepare" ? prepare : Reflect.get(db, name).bind(db)),
  });
}

test("a token is looked up by its hash alone, so that how long it takes says nothing of how much of it is right", async () => {
  const { token } = await createToken({ name: "timed", role: "viewer" });
  const wrong = `${token.slice(0, -1)}${token.endsWith("A") ? "E" : "A"}`;
  const given: unknown[] = [];
  const DB = noting(given);
  expect((await ask("/api/session", bearer(wrong), { DB })).status).toBe(401);
  expect((await ask("/api/session", bearer(token), { DB })).status).toBe(200);
  const hashes = given.filter((value) => /^[0-9a-f]{64}$/.test(String(value)));
  expect(new Set(hashes).size).toBe(2);
  expect(given.filter((value) => String(value).includes(token.slice(3, -1)))).toEqual([]);
});

test("what cannot be a token is not looked up, nor is the ADMIN_TOKEN", async () => {
  const given: unknown[] = [];
  const DB = noting(given);
  for (const token of ["ar_short", `ar_${"A".repeat(44)}`, `xx_${"A".repeat(43)}`, `ar_${"%".repeat(43)}`]) {
    expect((await ask("/api/session", bearer(token), { DB })).status).toBe(401);
  }
  expect((await ask("/api/session", bearer(TOKEN), { DB })).status).toBe(200);
  expect(given).toEqual([]);
});

test("while D1 is away a token that is not remembered is answered 503, and is not called wrong", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const { token } = await createToken({ name: "stored away", role: "viewer" });
  const prepare = () => {
    throw new Error("D1 is away");
  };
  const away = { prepare } as unknown as D1Database;
  const response = await ask("/api/agents", bearer(token), { DB: away });
  expect([response.status, (await response.json<{ code: string }>()).code]).toEqual([503, "storage_unavailable"]);
});
