import { afterEach, describe, expect, test, vi } from "vitest";
import { AGENTS } from "../../src/agents/registry.ts";
import { ROLES } from "../../src/contract/roles.ts";
import { ROUTES } from "../../src/http/app.ts";
import { leastRole } from "../../src/http/route.ts";
import { app, ask, bearer, createToken, DEPLOYED, TOKEN } from "./deployed.ts";
import { ROUTE_ROLES } from "./route-roles.ts";
import { rows } from "./service.ts";

const PROTECTED = [
  ...ROUTES.filter((route) => leastRole(route) !== null).map(({ method, path }) => ({ method, path })),
  ...["/api/openapi.json", "/api/docs", "/api/docs/", "/api/docs/start.js", "/api/docs/swagger-ui.css"].map((path) => ({
    method: "GET",
    path,
  })),
].map(({ method, path }) => ({ method, path: path.replace("{name}", "echo").replace("{id}", "1") }));

/** What the application answers by itself; middleware stands under ALL. */
const mounted = [
  ...new Set(
    app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)(\{[^}]*\})?/g, "{$1}")}`),
  ),
];

test("every route and page stands in the table of roles, and nothing else does", () => {
  const missing = mounted
    .filter((route) => ROUTE_ROLES[route] === undefined)
    .map((route) => {
      const spec = ROUTES.find(({ method, path }) => `${method} ${path}` === route);
      return `add to test/workers/route-roles.ts:  "${route}": "${spec === undefined ? "<its least role>" : (leastRole(spec) ?? spec.access)}",`;
    });
  const gone = Object.keys(ROUTE_ROLES)
    .filter((route) => !mounted.includes(route))
    .map((route) => `delete from test/workers/route-roles.ts:  "${route}"`);
  expect([...missing, ...gone]).toEqual([]);
});

test("every route of the API asks for the role that the table gives it", () => {
  const asked = Object.fromEntries(
    ROUTES.map((route) => [`${route.method} ${route.path}`, leastRole(route) ?? route.access]),
  );
  expect(ROUTE_ROLES).toMatchObject(asked);
});

const restricted = Object.entries(ROUTE_ROLES).flatMap(([route, least]) => {
  const [method = "", path = ""] = route.split(" ");
  const url = path.replaceAll(/\{name\}/g, "echo").replaceAll(/\{\w+\}/g, "1");
  return least === "public" || least === "own" ? [] : [{ route, method, url, least }];
});

test("every role below the one that a route or page needs is answered 403, and nothing happens", async () => {
  const tokens = { viewer: "", operator: "", admin: TOKEN };
  for (const role of ["viewer", "operator"] as const) tokens[role] = (await createToken({ name: role, role })).token;
  for (const { route, method, url, least } of restricted) {
    for (const role of ROLES.slice(0, ROLES.indexOf(least))) {
      const response = await ask(url, { method, ...bearer(tokens[role]) });
      expect([route, role, response.status]).toEqual([route, role, 403]);
      expect(await response.text()).toMatch(/insufficient_role|needs the role/);
    }
  }
  expect(await rows("SELECT id FROM agent_runs")).toEqual([]);
});

test("who is not signed in is sent from a page to the one to sign in on, and back afterwards", async () => {
  for (const { route, method, url } of restricted.filter((entry) => !entry.url.startsWith("/api/"))) {
    const response = await ask(url, { method });
    expect([route, response.status]).toEqual([route, 303]);
    expect(response.headers.get("Location")).toMatch(/^\/sign-in/);
  }
});

afterEach(() => vi.restoreAllMocks());

describe.for(PROTECTED)("$method $path", ({ method, path }) => {
  test.for([
    { credentials: "no token", headers: {} },
    { credentials: "a wrong token", headers: { Authorization: "Bearer wrong" } },
    { credentials: "an empty token", headers: { Authorization: "Bearer " } },
    { credentials: "the token under another scheme", headers: { Authorization: `Token ${TOKEN}` } },
    { credentials: "the token in two pieces", headers: { Authorization: `Bearer ${TOKEN} ${TOKEN}` } },
  ])("with $credentials is answered 401 with WWW-Authenticate, and nothing happens", async ({ headers }) => {
    const response = await ask(DEPLOYED + path, { method, headers });
    expect(response.status).toBe(401);
    expect(response.headers.get("WWW-Authenticate")).toContain('Bearer realm="agent-runs"');
    expect(await response.json()).toMatchObject({ code: "unauthorized" });
    expect(await rows("SELECT id FROM agent_runs")).toEqual([]);
  });

  test("without any token configured is answered 503 not_configured, whatever is sent", async () => {
    for (const init of [{}, bearer(""), bearer("undefined"), bearer(TOKEN)]) {
      const response = await ask(DEPLOYED + path, { method, ...init }, { ADMIN_TOKEN: "" });
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ code: "not_configured" });
    }
  });
});

test("a completion without its run's own token is answered 401, whatever its body and whichever run it names", async () => {
  const path = `${DEPLOYED}/api/agents/runs/1/complete`;
  for (const authorization of [undefined, "", "Bearer ", "Bearer wrong", `Token ${TOKEN}`, `Bearer ${TOKEN}`]) {
    for (const body of ["", "{", '{"output": 1}']) {
      const headers = { "Content-Type": "application/json", ...(authorization && { Authorization: authorization }) };
      const response = await ask(path, { method: "POST", headers, body });
      expect([response.status, (await response.json<{ code: string }>()).code]).toEqual([401, "unauthorized"]);
      expect(response.headers.get("WWW-Authenticate")).toContain("Bearer realm=");
    }
  }
});

test("a valid token is let in, whatever the letter case of its scheme", async () => {
  expect((await ask(`${DEPLOYED}/api/agents`, bearer(TOKEN))).status).toBe(200);
  expect((await ask(`${DEPLOYED}/api/agents`, { headers: { Authorization: `bearer ${TOKEN}` } })).status).toBe(200);
});

test("health is public and says only that it is up; with a token it says how the parts are", async () => {
  for (const init of [{}, bearer("wrong")]) {
    const response = await ask(`${DEPLOYED}/api/health`, init);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok" });
  }
  expect(await (await ask(`${DEPLOYED}/api/health`, bearer(TOKEN))).json()).toEqual({
    status: "ok",
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    database: "ok",
    scheduler: {
      last_tick_at: null,
      clocks: { cron: { last_tick_at: null, stopped: false }, ticker: { last_tick_at: null, stopped: false } },
      due: 0,
      lag_ms: 0,
      unbegun: 0,
    },
    agents: AGENTS.length,
  });
});

describe("the reference page", () => {
  const basic = (password: string) => ({ headers: { Authorization: `Basic ${btoa(`anybody:${password}`)}` } });

  test("takes the token as a password, for a browser cannot send it otherwise", async () => {
    const refused = await ask(`${DEPLOYED}/api/docs`);
    expect(refused.headers.get("WWW-Authenticate")).toMatch(/Bearer .*, Basic realm=/);
    expect((await ask(`${DEPLOYED}/api/docs`, basic(TOKEN))).status).toBe(200);
    expect((await ask(`${DEPLOYED}/api/openapi.json`, basic(TOKEN))).status).toBe(200);
    expect((await ask(`${DEPLOYED}/api/docs`, basic("wrong"))).status).toBe(401);
  });

  test("is all that a password opens: it runs nothing and reads no run", async () => {
    expect((await ask(`${DEPLOYED}/api/agents/echo/run`, { method: "POST", ...basic(TOKEN) })).status).toBe(401);
    expect((await ask(`${DEPLOYED}/api/agents/runs`, basic(TOKEN))).status).toBe(401);
  });

  test("is found with a slash at its end, and says where it is", async () => {
    const response = await ask(`${DEPLOYED}/api/docs/`, { ...bearer(TOKEN), redirect: "manual" });
    expect([response.status, response.headers.get("Location")]).toEqual([308, "/api/docs"]);
    expect((await ask(`${DEPLOYED}/api/docs/`, { method: "POST", ...bearer(TOKEN) })).status).toBe(405);
  });

  test("needs no other host, and its policy allows none", async () => {
    const response = await ask(`${DEPLOYED}/api/docs`, bearer(TOKEN));
    const policy = response.headers.get("Content-Security-Policy");
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(await response.text()).not.toMatch(/(src|href)="(https?:)?\/\//);
    for (const asset of ["swagger-ui.css", "swagger-ui-bundle.js", "start.js"]) {
      expect((await ask(`${DEPLOYED}/api/docs/${asset}`, bearer(TOKEN))).status).toBe(200);
    }
    expect((await ask(`${DEPLOYED}/api/docs/index.html`, bearer(TOKEN))).status).toBe(404);
  });
});

describe("LOCAL_OPEN", () => {
  const OPEN = { LOCAL_OPEN: "true", ADMIN_TOKEN: "" };

  test.for(["http://127.0.0.1:8787", "http://localhost:8787", "http://[::1]:8787"])("opens %s", async (origin) => {
    expect((await ask(`${origin}/api/agents`, {}, OPEN)).status).toBe(200);
  });

  test.for([DEPLOYED, "http://192.168.1.5:8787", "http://127.0.0.1.example.com", "http://localhost.example.com"])(
    "does not open %s",
    async (origin) => {
      expect((await ask(`${origin}/api/agents`, {}, OPEN)).status).toBe(401);
    },
  );

  test("is closed to pages of another origin, unless it is listed", async () => {
    const from = (origin: string) => ({ method: "POST", headers: { Origin: origin } });
    const url = "http://127.0.0.1:8787/api/agents/echo/run";
    const refused = await ask(url, from("https://evil.example"), OPEN);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: "forbidden_origin" });
    expect((await ask(url, from("http://127.0.0.1:8787"), OPEN)).status).toBe(200);
    const listed = { ...OPEN, CORS_ORIGINS: "https://good.example" };
    expect((await ask(url, from("https://good.example"), listed)).status).toBe(200);
  });
});

describe("CORS", () => {
  const variables = { CORS_ORIGINS: "https://good.example, https://other.example" };
  const preflight = (origin: string) =>
    ask(`${DEPLOYED}/api/agents`, { method: "OPTIONS", headers: { Origin: origin } }, variables);

  test("answers origins that are listed, and no other", async () => {
    expect((await preflight("https://good.example")).headers.get("Access-Control-Allow-Origin")).toBe(
      "https://good.example",
    );
    expect((await preflight("https://other.example")).headers.get("Access-Control-Allow-Origin")).toBe(
      "https://other.example",
    );
    expect((await preflight("https://evil.example")).headers.get("Access-Control-Allow-Origin")).toBeNull();
  });
});

test.for(["/api/health", "/api/agents", "/api/nothing", "/api/docs"])(
  "%s is answered with security headers",
  async (path) => {
    const { headers } = await ask(DEPLOYED + path);
    expect(headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(headers.get("Referrer-Policy")).toBe("no-referrer");
    expect(headers.get("X-Frame-Options")).toBe("DENY");
    expect(headers.get("Strict-Transport-Security")).toContain("max-age=");
    expect(headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
  },
);

test("an error tells a caller no stack, SQL or path, and tells the log all, under the same request id", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const broken = {
    prepare() {
      throw new Error("D1_ERROR: no such table: agent_runs at /secret/path SELECT * FROM agent_runs");
    },
  } as unknown as D1Database;

  const response = await ask(`${DEPLOYED}/api/agents/runs`, bearer(TOKEN), { DB: broken });

  expect(response.status).toBe(503);
  expect(response.headers.get("Retry-After")).toBe("5");
  const text = await response.text();
  expect(text).not.toMatch(/SELECT|agent_runs\b(?!")|D1_ERROR|\/secret|\.ts/);
  const id = response.headers.get("X-Request-Id") ?? "none";
  expect(logged.mock.calls.flat().find((line) => line.includes(id))).toContain("no such table");
});

test("a bug in the service is answered 500 with nothing but the request id", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const response = await ask(`${DEPLOYED}/api/agents`, bearer(TOKEN), { LOCAL_OPEN: "perhaps" });
  expect(response.status).toBe(500);
  expect(await response.json()).toMatchObject({ code: "internal_error", request_id: expect.any(String) });
  expect(logged.mock.calls.flat().join()).toContain("LOCAL_OPEN");
});
