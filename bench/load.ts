import { Agent, request } from "node:http";
import autocannon from "autocannon";
import { quantile } from "./statistics.ts";

const RUN_BODY = '{"params":{"n":1}}';
const MIN_REQUESTS_PER_CONNECTION = 10;
const REQUEST_TIMEOUT_S = 30;

/** What a load of runs came to. Every answer was a 2xx. */
export interface Load {
  answers: number;
  runsPerS: number;
  p50Ms: number;
  p99Ms: number;
}

/**
 * Sends runs of an agent over so many connections, each of which waits for an answer before it sends the next, and
 * waits for every answer. It is a number of requests and not a time, because at the end of a time autocannon
 * drops the requests that are under way, and then rows cannot be compared with answers.
 *
 * Throughput and latency are taken from each response's own event: autocannon's result has whole milliseconds
 * and whole seconds. Throws unless every request was answered with a 2xx.
 */
export async function loadRuns(
  origin: string,
  load: { connections: number; requests: number; agent?: string; inBackground?: true },
): Promise<Load> {
  const requests = Math.max(Math.round(load.requests), load.connections * MIN_REQUESTS_PER_CONNECTION);
  const latenciesMs: number[] = [];
  let lastAnswerAtMs = 0;
  const startedAtMs = performance.now();
  const running = autocannon({
    url: `${origin}/api/agents/${load.agent ?? "echo"}/run`,
    method: "POST",
    headers: { "content-type": "application/json", ...(load.inBackground && { prefer: "respond-async" }) },
    body: RUN_BODY,
    connections: load.connections,
    amount: requests,
    sampleInt: 50,
    timeout: REQUEST_TIMEOUT_S,
  });
  running.on("response", (_client, _status, _bytes, responseMs) => {
    latenciesMs.push(responseMs);
    lastAnswerAtMs = performance.now();
  });
  const result = await running;
  if (result["2xx"] !== requests || latenciesMs.length !== requests) {
    throw new Error(
      `of ${requests} runs at ${origin}, ${result["2xx"]} were answered with a 2xx, ${result.non2xx} otherwise, and ${result.errors} failed`,
    );
  }
  return {
    answers: requests,
    runsPerS: requests / ((lastAnswerAtMs - startedAtMs) / 1_000),
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}

const keepAlive = new Agent({ keepAlive: true, maxSockets: 1 });

/** GETs the URL once and answers how long that took, in milliseconds, body included. Throws unless it is a 200. */
export function timeGet(url: string): Promise<number> {
  const startedAtMs = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: keepAlive, timeout: REQUEST_TIMEOUT_S * 1_000 }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`GET ${url} answered ${response.statusCode}`));
      response.resume();
      response.on("end", () => resolve(performance.now() - startedAtMs));
      response.on("error", reject);
    });
    sent.on("timeout", () => sent.destroy(new Error(`GET ${url}: no answer within ${REQUEST_TIMEOUT_S} s`)));
    sent.on("error", reject);
    sent.end();
  });
}
