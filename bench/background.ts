import { cancel, startInBackground, untilEnded, untilRunning } from "./background-runs.ts";
import { measureBackgroundUse } from "./background-use.ts";
import { measureInFlight } from "./in-flight.ts";
import { type Load, loadRuns } from "./load.ts";
import { createNoiseMeter } from "./noise.ts";
import { type Server, startServer } from "./runtime.ts";
import { median, quantile } from "./statistics.ts";
import { figure, printNote, printTable } from "./table.ts";

/** Fewer than may wait for their turn. */
const RUNS_PER_ROUND = 800;
const CONNECTIONS = 16;
const SINGLE_RUNS = 50;
const CANCELLED_RUNS = 20;
/** Not a divisor of the heartbeat: cancellations come at all times between two. */
const CANCEL_PAUSE_MS = 170;

interface Round {
  floor: Load;
  accepted: Load;
  finishedPerS: number;
  waitsMs: number[];
}

/** How fast runs in the background are accepted, started, finished and cancelled, and what they use. */
export async function measureBackground(options: { rounds: number }): Promise<void> {
  const noise = createNoiseMeter();
  {
    await using floor = await startServer("bench/floor.ts");
    await using service = await startServer("src/index.ts");
    await measureRates({ floor, service }, options.rounds, noise);
    await measureCancellation(service);
  }
  await measureBackgroundUse();
  await measureInFlight();
  printNote(noise.verdict());
}

async function measureRates(
  { floor, service }: { floor: Server; service: Server },
  count: number,
  noise: ReturnType<typeof createNoiseMeter>,
): Promise<void> {
  const load = { connections: CONNECTIONS, requests: RUNS_PER_ROUND };
  await loadRuns(floor.origin, load);
  await measureRound(service, load);
  const rounds: Round[] = [];
  while (rounds.length < count) {
    await noise.sample();
    rounds.push({ floor: await loadRuns(floor.origin, load), ...(await measureRound(service, load)) });
  }
  const alone = await measureRound(service, { connections: 1, requests: SINGLE_RUNS });
  const of = (value: (round: Round) => number) => median(rounds.map(value));
  printTable(
    `Runs of echo in the background over ${CONNECTIONS} connections, beside the floor: medians of ${count} interleaved rounds of ${RUNS_PER_ROUND}`,
    [
      { title: "floor: runs/s" },
      { title: "accepted/s" },
      { title: "× floor" },
      { title: "finished/s" },
      { title: "× floor" },
      { title: "accept p50 ms" },
      { title: "p99 ms" },
    ],
    [
      [
        figure(
          of(({ floor: { runsPerS } }) => runsPerS),
          0,
        ),
        figure(
          of(({ accepted }) => accepted.runsPerS),
          0,
        ),
        figure(
          of((round) => round.accepted.runsPerS / round.floor.runsPerS),
          2,
        ),
        figure(
          of(({ finishedPerS }) => finishedPerS),
          0,
        ),
        figure(
          of((round) => round.finishedPerS / round.floor.runsPerS),
          2,
        ),
        figure(
          of(({ accepted }) => accepted.p50Ms),
          1,
        ),
        figure(
          of(({ accepted }) => accepted.p99Ms),
          1,
        ),
      ],
    ],
  );
  const loaded = rounds.flatMap(({ waitsMs }) => waitsMs);
  printTable(
    "From accepted to started, by the rows' own instants",
    [{ title: "load", align: "left" }, { title: "p50 ms" }, { title: "p99 ms" }],
    [
      ["one after another", ...percentiles(alone.waitsMs)],
      [`${CONNECTIONS} connections`, ...percentiles(loaded)],
    ],
  );
}

/** Until the last run has ended. Finished/s is from the first row's making to the last one's end. */
async function measureRound(
  service: Server,
  load: { connections: number; requests: number },
): Promise<Omit<Round, "floor">> {
  const lastId = (await service.db.prepare("SELECT max(id) AS id FROM agent_runs").first<number>("id")) ?? 0;
  const accepted = await loadRuns(service.origin, { ...load, inBackground: true });
  await untilEnded(service);
  const { results } = await service.db
    .prepare("SELECT status, created_at, started_at, completed_at FROM agent_runs WHERE id > ?1")
    .bind(lastId)
    .all<{ status: string; created_at: number; started_at: number; completed_at: number }>();
  if (results.length !== accepted.answers || results.some(({ status }) => status !== "completed")) {
    throw new Error(`${accepted.answers} runs were accepted, and ${results.length} rows are not all completed`);
  }
  const fromMs = Math.min(...results.map(({ created_at }) => created_at));
  const untilMs = Math.max(...results.map(({ completed_at }) => completed_at));
  return {
    accepted,
    finishedPerS: results.length / ((untilMs - fromMs) / 1_000),
    waitsMs: results.map(({ started_at, created_at }) => started_at - created_at),
  };
}

/** From a cancellation's row to the run's end; and how soon a cancelled run that waits is answered as such. */
async function measureCancellation(service: Server): Promise<void> {
  const running = await startInBackground(service, { params: { sleep_ms: 60_000 } }, CANCELLED_RUNS);
  await untilRunning(service, CANCELLED_RUNS);
  for (const runId of running) {
    await cancel(service, runId, 202);
    await new Promise((resume) => setTimeout(resume, CANCEL_PAUSE_MS));
  }
  await untilEnded(service);
  const { results } = await service.db
    .prepare("SELECT completed_at - cancel_requested_at AS ms FROM agent_runs WHERE cancel_requested_at IS NOT NULL")
    .all<{ ms: number }>();
  const waiting = await startInBackground(service, { delay_s: 3_600 }, CANCELLED_RUNS);
  const answersMs: number[] = [];
  for (const runId of waiting) answersMs.push(await cancel(service, runId, 200));
  printTable(
    `Cancellation, of ${CANCELLED_RUNS} runs each`,
    [{ title: "run", align: "left" }, { title: "p50 ms" }, { title: "longest ms" }],
    [
      ["at work: from the request to the end", ...percentiles(results.map(({ ms }) => ms))],
      ["waiting: until it is answered as cancelled", ...percentiles(answersMs)],
    ],
  );
}

function percentiles(valuesMs: readonly number[]): string[] {
  return [figure(quantile(valuesMs, 0.5), 1), figure(quantile(valuesMs, 0.99), 1)];
}
