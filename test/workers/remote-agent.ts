import { createHmac } from "node:crypto";
import { vi } from "vitest";
import type { RunAnswer } from "../../src/contract/run.ts";
import { request } from "./service.ts";

/** As test/vitest.config.ts has it. */
const SECRET = "C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/** What a remote agent was sent, as it would read it. */
export interface Call {
  url: string;
  init: RequestInit;
  headers: Headers;
  body: {
    run_id: number;
    attempt: number;
    agent: string;
    params: Record<string, unknown>;
    deadline: string;
    completion: { url: string; token: string; deadline: string } | null;
  };
}

type Script = (call: Call, count: number) => Response | Promise<Response>;

/** Plays every remote agent there is: what it was asked, in order. */
export function remote(script: Script): Call[] {
  const calls: Call[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (url, init = {}) => {
    const call = { url: String(url), init, headers: new Headers(init.headers), body: JSON.parse(String(init.body)) };
    calls.push(call);
    return script(call, calls.length);
  });
  return calls;
}

/** Standard Webhooks, worked out by another implementation than the service's. */
export function isSigned({ headers, init }: Call): boolean {
  const signed = `${headers.get("webhook-id")}.${headers.get("webhook-timestamp")}.${init.body}`;
  const mac = createHmac("sha256", Buffer.from(SECRET, "base64")).update(signed).digest("base64");
  return headers.get("webhook-signature") === `v1,${mac}`;
}

/** A stream of events in these pieces; what is no text fails it. */
export function eventStream(...pieces: (string | Uint8Array | Error)[]): Response {
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else if (piece instanceof Error) controller.error(piece);
      else controller.enqueue(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });
}

export const event = (name: string, data: unknown) =>
  `event: ${name}\ndata: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

export const accept = () => new Response(null, { status: 202 });

const json = (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
  request(path, { method, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });

let agents = 0;

/** Stores an agent that lives at `http.url`, and answers its name, which no other has. */
export async function remoteAgent(http: object = {}, more: object = {}): Promise<string> {
  const name = `remote-${++agents}`;
  const definition = { kind: "http", http: { url: "https://remote.example/agent", ...http }, ...more };
  const response = await json("PUT", `/api/agents/${name}`, definition);
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return name;
}

/** Runs it until somebody outside has taken the run over. */
export async function handedOver(agent: string, params: object = {}): Promise<RunAnswer> {
  const response = await json("POST", `/api/agents/${agent}/run`, { params });
  if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

export function complete(runId: number, token: string | undefined, body: unknown): Promise<Response> {
  return json("POST", `/api/agents/runs/${runId}/complete`, body, { Authorization: `Bearer ${token}` });
}
