import { type Load, loadRuns } from "./load.ts";
import { createNoiseMeter } from "./noise.ts";
import { type Server, startServer } from "./runtime.ts";
import { median } from "./statistics.ts";
import { type Aim, figure, printNote, printTable, verdict } from "./table.ts";

const LEVELS = [
  { connections: 1, figure: "p50", aim: { most: 2 } },
  { connections: 16, figure: "runs/s", aim: { least: 1 } },
  { connections: 64, figure: "runs/s", aim: { least: 1.5 } },
] as const satisfies { connections: number; figure: "p50" | "runs/s"; aim: Aim }[];

const WARM_UP_REQUESTS = { first: 4_000, perLevel: 600 };

interface Subject {
  name: string;
  server: Server;
  /** Everything that it has answered. */
  answers: number;
}

interface Round {
  floor: Load;
  service: Load;
}

/** How fast the service records runs of echo, beside a Worker that does one INSERT and nothing else. */
export async function measureThroughput(options: { rounds: number; seconds: number }): Promise<void> {
  await using floorServer = await startServer("bench/floor.ts");
  await using serviceServer = await startServer("src/index.ts");
  const floor: Subject = { name: "floor", server: floorServer, answers: 0 };
  const service: Subject = { name: "service", server: serviceServer, answers: 0 };
  for (const subject of [floor, service]) await send(subject, 64, WARM_UP_REQUESTS.first);

  const noise = createNoiseMeter();
  const rows: string[][] = [];
  for (const level of LEVELS) {
    const rounds = await measureLevel({ floor, service }, { ...options, connections: level.connections, noise });
    rows.push(levelRow(level, rounds));
  }
  printTable(
    `Throughput of echo, service beside floor: medians of ${options.rounds} interleaved rounds of about ${options.seconds} s; in brackets the least and the greatest round`,
    [
      { title: "connections" },
      { title: "floor: runs/s" },
      { title: "p50 ms" },
      { title: "p99 ms" },
      { title: "service: runs/s" },
      { title: "p50 ms" },
      { title: "p99 ms" },
      { title: "runs/s × floor" },
      { title: "p50 × floor" },
      { title: "", align: "left" },
    ],
    rows,
  );
  for (const subject of [floor, service]) await checkRows(subject);
  printNote(noise.verdict());
}

async function measureLevel(
  subjects: { floor: Subject; service: Subject },
  level: { connections: number; rounds: number; seconds: number; noise: ReturnType<typeof createNoiseMeter> },
): Promise<Round[]> {
  const { floor, service } = subjects;
  const rounds: Round[] = [];
  let last = {
    floor: await send(floor, level.connections, WARM_UP_REQUESTS.perLevel),
    service: await send(service, level.connections, WARM_UP_REQUESTS.perLevel),
  };
  while (rounds.length < level.rounds) {
    await level.noise.sample();
    last = {
      floor: await send(floor, level.connections, last.floor.runsPerS * level.seconds),
      service: await send(service, level.connections, last.service.runsPerS * level.seconds),
    };
    rounds.push(last);
  }
  return rounds;
}

async function send(subject: Subject, connections: number, requests: number): Promise<Load> {
  const load = await loadRuns(subject.server.origin, { connections, requests });
  subject.answers += load.answers;
  return load;
}

function levelRow(level: (typeof LEVELS)[number], rounds: Round[]): string[] {
  const cells = (subject: keyof Round) => [
    figure(median(rounds.map((round) => round[subject].runsPerS)), 0),
    figure(median(rounds.map((round) => round[subject].p50Ms)), 2),
    figure(median(rounds.map((round) => round[subject].p99Ms)), 1),
  ];
  const ratios = {
    "runs/s": rounds.map(({ floor, service }) => service.runsPerS / floor.runsPerS),
    p50: rounds.map(({ floor, service }) => service.p50Ms / floor.p50Ms),
  };
  return [
    String(level.connections),
    ...cells("floor"),
    ...cells("service"),
    spread(ratios["runs/s"]),
    spread(ratios.p50),
    `${level.figure}: ${verdict(median(ratios[level.figure]), level.aim)}`,
  ];
}

function spread(values: number[]): string {
  return `${figure(median(values), 2)} (${figure(Math.min(...values), 2)}-${figure(Math.max(...values), 2)})`;
}

/** Every answer has its row and every row its answer. */
async function checkRows({ name, server, answers }: Subject): Promise<void> {
  const { results } = await server.db
    .prepare("SELECT count(*) AS stored, count(*) FILTER (WHERE status = 'completed') AS completed FROM agent_runs")
    .all<{ stored: number; completed: number }>();
  const [rows] = results;
  if (rows?.stored !== answers || rows.completed !== answers) {
    throw new Error(`the ${name} answered ${answers} runs, but has ${JSON.stringify(rows)} rows`);
  }
  printNote(`${name}: ${figure(answers, 0)} answers, all 2xx; ${figure(rows.completed, 0)} rows, all completed`);
}
