import { createExecutionContext, env, waitOnExecutionContext } from "cloudflare:test";
import { AGENTS, createRegistry } from "../../src/agents/registry.ts";
import type { Env } from "../../src/env.ts";
import { createApp } from "../../src/http/app.ts";

export const app = createApp(createRegistry(AGENTS));
export const DEPLOYED = "https://agents.example.com";
export const TOKEN = "a-token-that-is-long-enough";

/** The service as a deployment has it: not open to this machine, and with an ADMIN_TOKEN. */
export async function ask(url: string, init: RequestInit = {}, variables: Partial<Env> = {}): Promise<Response> {
  const ctx = createExecutionContext();
  const { LOCAL_OPEN: _open, ...bindings } = env;
  const request = new Request(new URL(url, DEPLOYED), { redirect: "manual", ...init });
  const response = await app.fetch(request, { ...bindings, ADMIN_TOKEN: TOKEN, ...variables }, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

export const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

/** A request with a JSON body. */
export function json(method: string, body: unknown, headers: Record<string, string> = {}): RequestInit {
  return { method, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) };
}

export interface Created {
  id: number;
  name: string;
  role: string;
  token: string;
}

/** A new API token, made as an admin makes one. */
export async function createToken(fields: Record<string, unknown>): Promise<Created> {
  const response = await ask("/api/tokens", json("POST", fields, bearer(TOKEN).headers));
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

/** The headers of a browser that has signed in with a token: its cookie, and what a page of its own also sends. */
export async function signIn(token: string): Promise<{ cookie: string; csrf: string }> {
  const response = await ask("/api/session", json("POST", { token }));
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  const cookie = response.headers.get("Set-Cookie")?.split(";")[0] ?? "";
  return { cookie, csrf: (await response.json<{ csrf_token: string }>()).csrf_token };
}
