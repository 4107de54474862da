import { expect, test } from "vitest";
import type { ProblemDocument } from "../../src/contract/problems.ts";
import { post, request, rows } from "./service.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

async function problemOf(response: Response): Promise<ProblemDocument> {
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  const problem = await response.json<ProblemDocument>();
  expect(problem).toMatchObject({
    type: "about:blank",
    status: response.status,
    error: problem.detail,
    request_id: response.headers.get("X-Request-Id"),
  });
  return problem;
}

function nested(depth: number): string {
  return `{"params":{"x":${"[".repeat(depth)}${"]".repeat(depth)}}}`;
}

test.for([
  { what: "an unknown agent", path: "/api/agents/nobody/run", status: 404, code: "agent_not_found" },
  { what: "a name no agent can have", path: "/api/agents/Nobody!/run", status: 404, code: "agent_not_found" },
  { what: "a name of 65 characters", path: `/api/agents/${"a".repeat(65)}/run`, status: 404, code: "agent_not_found" },
  { what: "a disabled agent", path: "/api/agents/retired/run", status: 409, code: "agent_disabled" },
  { what: "malformed JSON", body: '{"params":', status: 400, code: "invalid_json" },
  { what: "a body that is no object", body: "[1]", status: 422, code: "invalid_request", field: "body" },
  { what: "an unknown field", body: '{"parameters":{}}', status: 422, code: "invalid_request", field: "body" },
  { what: "params that are a list", body: '{"params":[]}', status: 422, code: "invalid_request", field: "params" },
  { what: "params that are null", body: '{"params":null}', status: 422, code: "invalid_request", field: "params" },
  { what: "params nested 20,000 deep", body: nested(20_000), status: 422, code: "invalid_request", field: "body" },
  {
    what: "a run that is to start in the year 9999",
    body: '{"run_at":"9999-01-01T00:00:00Z"}',
    status: 422,
    code: "invalid_request",
    field: "run_at",
  },
  {
    what: "a form",
    body: "a=1",
    type: "application/x-www-form-urlencoded",
    status: 415,
    code: "unsupported_media_type",
  },
  { what: "text", body: "{}", type: "text/plain", status: 415, code: "unsupported_media_type" },
  {
    what: "a body over 256 KB",
    body: `{"params":{"x":"${"x".repeat(256 * 1024)}"}}`,
    status: 413,
    code: "body_too_large",
  },
])("$what is answered $status $code, and no run is made", async ({ path, body, type, status, code, field }) => {
  const response = await request(path ?? "/api/agents/echo/run", {
    method: "POST",
    ...(body === undefined ? {} : { body, headers: type === undefined ? JSON_TYPE : { "Content-Type": type } }),
  });

  expect(response.status).toBe(status);
  const problem = await problemOf(response);
  expect(problem.code).toBe(code);
  expect(problem.errors?.[0]?.field).toBe(field);
  expect(await rows("SELECT id FROM agent_runs")).toEqual([]);
});

test("params that the agent's schema refuses are answered 422 with each field and its reason", async () => {
  const response = await post("/api/agents/strict/run", { params: { city: "x", days: 99, sky: "blue" } });

  expect(response.status).toBe(422);
  const problem = await problemOf(response);
  expect(problem.code).toBe("invalid_params");
  expect(problem.errors).toEqual([
    { field: "params.city", reason: "Too small: expected string to have >=2 characters" },
    { field: "params.days", reason: "Too big: expected number to be <=10" },
    { field: "params", reason: 'Unrecognized key: "sky"' },
  ]);
});

test("params of 200 levels in all are taken, stored and answered, and of one more refused", async () => {
  const send = (body: string) => request("/api/agents/echo/run", { method: "POST", headers: JSON_TYPE, body });
  const answer = await send(nested(198)); // and the two objects around it
  expect(answer.status).toBe(200);
  const { run_id } = await answer.json<{ run_id: number }>();
  expect((await request(`/api/agents/runs/${run_id}`)).status).toBe(200);
  expect((await send(nested(199))).status).toBe(422);
});

test("a job whose params are nested too deep is refused, and none is stored", async () => {
  const job = { name: "deep", agent: "echo", trigger: { type: "interval", hours: 5 } };
  const body = `${JSON.stringify(job).slice(0, -1)},${nested(20_000).slice(1)}`;
  const response = await request("/api/scheduler/jobs", { method: "POST", headers: JSON_TYPE, body });
  expect((await problemOf(response)).errors?.[0]?.reason).toBe("is nested more than 200 levels deep");
  expect(await rows("SELECT id FROM jobs")).toEqual([]);
});

test.for(["/api/budgets", "/api/prices/a-model", "/api/agents/somebody"])(
  "PUT %s without a body replaces nothing by nothing",
  async (path) => {
    const response = await request(path, { method: "PUT" });
    expect(response.status).toBe(422);
    expect((await problemOf(response)).errors).toEqual([{ field: "body", reason: "expected JSON, got nothing" }]);
  },
);

test.for(["Nobody!", "-x", "a".repeat(65)])("an agent named %s is refused by the rule for names", async (name) => {
  const response = await request(`/api/agents/${encodeURIComponent(name)}`, {
    method: "PUT",
    headers: JSON_TYPE,
    body: '{"kind":"http","http":{"url":"https://example.com/"}}',
  });
  expect(response.status).toBe(422);
  expect((await problemOf(response)).errors?.[0]).toMatchObject({
    field: "path.name",
    reason: expect.stringContaining("must start with a lower-case letter or digit"),
  });
});

test.for(["007", "0x7", "7e0", "%207"])("a run has one way of being named, and %s is none", async (id) => {
  expect((await request(`/api/agents/runs/${id}`)).status).toBe(404);
});

test("a body of exactly 256 KB is taken", async () => {
  const frame = '{"params":{"x":""}}'.length;
  const response = await post("/api/agents/echo/run", { params: { x: "x".repeat(256 * 1024 - frame) } });
  expect(response.status).toBe(200);
});

test.for([
  { query: "limit=0", field: "query.limit" },
  { query: "limit=0x10", field: "query.limit" },
  { query: "limit=201", field: "query.limit" },
  { query: "limit=ten", field: "query.limit" },
  { query: "limit=1.5", field: "query.limit" },
  { query: "status=finished", field: "query.status" },
  { query: "since=yesterday", field: "query.since" },
  { query: "until=2026-13-01T00:00:00Z", field: "query.until" },
  { query: "cursor=nonsense", field: "query.cursor" },
  { query: "agent=No Body", field: "query.agent" },
  { query: "agnet=echo", field: "query" },
])("a list of runs asked with ?$query is answered 422 that names $field", async ({ query, field }) => {
  const response = await request(`/api/agents/runs?${query}`);
  expect(response.status).toBe(422);
  expect((await problemOf(response)).errors?.[0]?.field).toBe(field);
});

test.for(["days=0", "days=367", "period=yearly", "days=7&period=weekly", "days=7&days=8"])(
  "costs asked with ?%s are answered 422",
  async (query) => {
    const response = await request(`/api/agents/costs?${query}`);
    expect(response.status).toBe(422);
    expect((await problemOf(response)).code).toBe("invalid_request");
  },
);

test.for([
  { method: "DELETE", path: "/api/agents/echo/run", allow: "POST" },
  { method: "POST", path: "/api/agents", allow: "GET, HEAD" },
  { method: "PUT", path: "/api/agents/runs/1", allow: "GET, HEAD" },
  { method: "PATCH", path: "/api/health", allow: "GET, HEAD" },
  { method: "POST", path: "/api/openapi.json", allow: "GET, HEAD" },
  { method: "DELETE", path: "/api/docs", allow: "GET, HEAD" },
])("$method $path is answered 405 with Allow: $allow", async ({ method, path, allow }) => {
  const response = await request(path, { method });
  expect(response.status).toBe(405);
  expect(response.headers.get("Allow")).toBe(allow);
  expect((await problemOf(response)).code).toBe("method_not_allowed");
});

test.for(["/api/agents/runs/0", "/api/agents/runs/-1", "/api/agents/runs/abc", "/api/agents/runs/999999"])(
  "GET %s is answered 404 run_not_found",
  async (path) => {
    const response = await request(path);
    expect(response.status).toBe(404);
    expect((await problemOf(response)).code).toBe("run_not_found");
  },
);

test("a path that is nothing is answered 404", async () => {
  const response = await request("/api/nothing");
  expect(response.status).toBe(404);
  expect((await problemOf(response)).code).toBe("not_found");
});
