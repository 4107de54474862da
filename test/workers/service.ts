import { env, SELF } from "cloudflare:test";
import type { RunAnswer, RunDetail } from "../../src/contract/run.ts";

const ORIGIN = "http://127.0.0.1:8787";

/** The service, as a client on this machine sees it. */
export function request(path: string, init?: RequestInit): Promise<Response> {
  return SELF.fetch(`${ORIGIN}${path}`, init);
}

export function post(path: string, body?: unknown): Promise<Response> {
  if (body === undefined) return request(path, { method: "POST" });
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

export async function getJson<Body>(path: string): Promise<Body> {
  const response = await request(path);
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

export async function run(agent: string, params?: Record<string, unknown>): Promise<RunAnswer> {
  const response = await post(`/api/agents/${agent}/run`, params === undefined ? undefined : { params });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

export const readRun = (id: number) => getJson<RunDetail>(`/api/agents/runs/${id}`);

/** Rows as they are stored. */
export async function rows<Row>(sql: string, ...values: unknown[]): Promise<Row[]> {
  const { results } = await env.DB.prepare(sql)
    .bind(...values)
    .all<Row>();
  return results;
}
