import { Agent, type ClientRequest, request } from "node:http";
import { type Load, loadRuns } from "./load.ts";
import { createNoiseMeter } from "./noise.ts";
import { type Server, startServer } from "./runtime.ts";
import { median, quantile } from "./statistics.ts";
import { figure, printNote, printTable } from "./table.ts";

const VIEWERS = [1, 100, 1_000];
/** Runs a second, one after another, while delivery is timed. */
const PACE_PER_S = 20;
const CONNECTIONS = 4;
const SETTLE_DEADLINE_MS = 30_000;
const EVENTS_PER_RUN = 2;

interface Viewers {
  /** Events that each of them has got. */
  counts(): number[];
  latenciesMs: number[];
  /** Of them that were hung up on. */
  ended(): number;
  hangUp(): void;
}

/** How soon viewers are told, and what they cost the run path: beside it without them, in interleaved rounds. */
export async function measureStream(options: { rounds: number; seconds: number }): Promise<void> {
  await using server = await startServer("src/index.ts");
  await loadRuns(server.origin, { connections: CONNECTIONS, requests: 2_000 });
  const noise = createNoiseMeter();
  const rows: string[][] = [];
  for (const count of VIEWERS) {
    const latenciesMs = await measureDelivery(server, count, options.seconds);
    const rounds: { alone: Load; watched: Load }[] = [];
    let hungUpOn = 0;
    while (rounds.length < options.rounds) {
      await noise.sample();
      const load = { connections: CONNECTIONS, requests: 150 * options.seconds };
      const alone = await loadRuns(server.origin, load);
      const viewers = await openViewers(server.origin, count);
      rounds.push({ alone, watched: await loadRuns(server.origin, load) });
      hungUpOn += viewers.ended();
      viewers.hangUp();
    }
    rows.push([
      String(count),
      figure(quantile(latenciesMs, 0.5), 0),
      figure(quantile(latenciesMs, 0.99), 0),
      figure(median(rounds.map(({ alone }) => alone.runsPerS)), 0),
      figure(median(rounds.map(({ watched }) => watched.runsPerS)), 0),
      figure(median(rounds.map(({ alone, watched }) => watched.runsPerS / alone.runsPerS)), 2),
      String(hungUpOn),
    ]);
  }
  printTable(
    `The stream: delivery at ${PACE_PER_S} runs/s, from the history to each viewer; then runs/s over ${CONNECTIONS} connections, medians of ${options.rounds} rounds`,
    [
      { title: "viewers" },
      { title: "p50 ms" },
      { title: "p99 ms" },
      { title: "alone: runs/s" },
      { title: "watched: runs/s" },
      { title: "× alone" },
      { title: "hung up on" },
    ],
    rows,
  );
  printNote("each viewer got each event of the paced runs once; viewers and service share this machine");
  printNote(noise.verdict());
}

/** Throws unless every viewer gets every event. */
async function measureDelivery(server: Server, count: number, seconds: number): Promise<number[]> {
  const viewers = await openViewers(server.origin, count);
  const runs = PACE_PER_S * seconds;
  const startedAtMs = performance.now();
  for (let sent = 0; sent < runs; sent++) {
    const waitMs = startedAtMs + (sent * 1_000) / PACE_PER_S - performance.now();
    if (waitMs > 0) await wait(waitMs);
    await runOnce(server.origin);
  }
  const all = () => viewers.counts().every((got) => got >= runs * EVENTS_PER_RUN);
  const deadlineMs = performance.now() + SETTLE_DEADLINE_MS;
  while (!all() && performance.now() < deadlineMs) await wait(50);
  const counts = viewers.counts();
  viewers.hangUp();
  if (!counts.every((got) => got === runs * EVENTS_PER_RUN)) {
    const [least, most] = [Math.min(...counts), Math.max(...counts)];
    throw new Error(`viewers got from ${least} to ${most} events each, not ${runs * EVENTS_PER_RUN}`);
  }
  return viewers.latenciesMs;
}

async function runOnce(origin: string): Promise<void> {
  const answer = await fetch(`${origin}/api/agents/echo/run`, { method: "POST" });
  if (answer.status !== 200) throw new Error(`a run was answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}

async function openViewers(origin: string, count: number): Promise<Viewers> {
  const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
  const counts = Array.from({ length: count }, () => 0);
  const latenciesMs: number[] = [];
  const requests: ClientRequest[] = [];
  let ended = 0;
  for (let start = 0; start < count; start += 50) {
    const some = Array.from({ length: Math.min(50, count - start) }, (_, index) => start + index);
    await Promise.all(
      some.map(
        (viewer) =>
          new Promise<void>((open, failed) => {
            const sent = request(`${origin}/api/stream`, { agent }, (response) => {
              let rest = "";
              response.setEncoding("utf8");
              response.once("data", () => open());
              response.on("data", (text: string) => {
                const atMs = Date.now();
                const blocks = (rest + text).split("\n\n");
                rest = blocks.pop() ?? "";
                for (const block of blocks) {
                  if (!block.startsWith("event: agent_status")) continue;
                  counts[viewer] = (counts[viewer] ?? 0) + 1;
                  latenciesMs.push(atMs - Date.parse(block.slice(-26, -2)));
                }
              });
              response.on("end", () => ended++);
              response.on("error", () => {});
            });
            sent.on("error", failed);
            requests.push(sent);
            sent.end();
          }),
      ),
    );
  }
  return {
    counts: () => counts,
    latenciesMs,
    ended: () => ended,
    hangUp: () => {
      for (const sent of requests) sent.on("error", () => {}).destroy();
    },
  };
}

function wait(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
