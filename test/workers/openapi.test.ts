import { type Schema, Validator } from "@cfworker/json-schema";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { ROUTES } from "../../src/http/app.ts";
import { faults } from "../faults.ts";
import { getJson, post, request } from "./service.ts";

interface Operation {
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: object;
}

let document: Document;

beforeAll(async () => {
  document = await getJson<Document>("/api/openapi.json");
});

afterEach(() => faults.clear());

/** What the document says that is wrong with an answer; empty where it is as documented. */
async function complaints(template: string, method: string, response: Response): Promise<string[]> {
  const operation = document.paths[template]?.[method.toLowerCase()];
  const mediaType = response.headers.get("Content-Type")?.split(";")[0] ?? "";
  const schema = operation?.responses[response.status]?.content?.[mediaType]?.schema;
  if (schema === undefined) return [`${method} ${template} does not document ${response.status} ${mediaType}`];
  const validator = new Validator({ ...schema, components: document.components } as Schema, "2020-12", false);
  return validator
    .validate(await response.json())
    .errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
}

describe("answers are as the document says", () => {
  const template = "/api/agents/{name}/run";
  test.for([
    { method: "POST", template, path: "/api/agents/echo/run", status: 200 },
    { method: "POST", template, path: "/api/agents/thrower/run", status: 200 },
    { method: "POST", template, path: "/api/agents/nobody/run", status: 404 },
    { method: "POST", template, path: "/api/agents/retired/run", status: 409 },
    { method: "POST", template, path: "/api/agents/strict/run", status: 422 },
    { method: "GET", template: "/api/agents", path: "/api/agents", status: 200 },
    { method: "GET", template: "/api/agents", path: "/api/agents?enabled=1", status: 422 },
    { method: "GET", template: "/api/agents/{name}", path: "/api/agents/echo", status: 200 },
    { method: "GET", template: "/api/agents/{name}", path: "/api/agents/nobody", status: 404 },
    { method: "GET", template: "/api/agents/runs", path: "/api/agents/runs?limit=1", status: 200 },
    { method: "GET", template: "/api/agents/runs", path: "/api/agents/runs?limit=x", status: 422 },
    { method: "GET", template: "/api/agents/runs/{id}", path: "/api/agents/runs/2", status: 200 },
    { method: "GET", template: "/api/agents/runs/{id}", path: "/api/agents/runs/999", status: 404 },
    { method: "GET", template: "/api/agents/costs", path: "/api/agents/costs", status: 200 },
    { method: "GET", template: "/api/health", path: "/api/health", status: 200 },
  ])("$method $path $status", async ({ method, template, path, status }) => {
    const response = await request(path, { method });
    expect(response.status).toBe(status);
    expect(await complaints(template, method, response)).toEqual([]);
  });

  test.for([
    { what: "400", init: { body: "{", headers: { "Content-Type": "application/json" } }, status: 400 },
    { what: "413", init: { body: "x".repeat(300_000) }, status: 413 },
    { what: "415", init: { body: "x", headers: { "Content-Type": "text/plain" } }, status: 415 },
    { what: "403", init: { headers: { Origin: "https://evil.example" } }, status: 403 },
  ])("POST $what", async ({ init, status }) => {
    const response = await request("/api/agents/echo/run", { method: "POST", ...init });
    expect(response.status).toBe(status);
    expect(await complaints(template, "POST", response)).toEqual([]);
  });

  test("POST 503 while D1 is down", async () => {
    faults.plan([], "refuse");
    const response = await post("/api/agents/echo/run");
    expect(response.status).toBe(503);
    expect(await complaints(template, "POST", response)).toEqual([]);
  });

  test("POST 429 at the agent's limit", async () => {
    const first = post("/api/agents/single/run", { params: { sleep_ms: 300 } });
    await expect.poll(async () => (await getJson<{ status: string }>("/api/agents/single")).status).toBe("running");
    const response = await post("/api/agents/single/run", { params: { sleep_ms: 0 } });
    expect(response.status).toBe(429);
    expect(response.headers.get("Retry-After")).toBe("5");
    expect(await complaints(template, "POST", response)).toEqual([]);
    await first;
  });
});

test("the check itself notices an answer that is not as documented", async () => {
  const answer = await (await request("/api/agents")).json<Record<string, unknown>>();
  const broken = (body: unknown, status = 200) =>
    new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
  expect(await complaints("/api/agents", "GET", broken(answer))).toEqual([]);
  expect(await complaints("/api/agents", "GET", broken({ ...answer, total: "many" }))).not.toEqual([]);
  expect(await complaints("/api/agents", "GET", broken({ ...answer, extra: 1 }))).not.toEqual([]);
  expect(await complaints("/api/agents", "GET", broken(answer, 202))).not.toEqual([]);
});

test("every route is in the document, and the document has no other", () => {
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(documented.sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
});
