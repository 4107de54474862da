import { listRuns, type RunFilter } from "../src/store/runs.ts";
import { timeGet } from "./load.ts";
import { meterDatabase, noUsage } from "./meter.ts";
import { createNoiseMeter } from "./noise.ts";
import { type Server, startServer } from "./runtime.ts";
import { median } from "./statistics.ts";
import { type Aim, figure, printNote, printTable, verdict } from "./table.ts";

const SIZES = { small: 1_000, large: 1_000_000 };
const FILL_CHUNK_ROWS = 100_000;
const FIRST_CREATED_AT_MS = Date.UTC(2026, 0, 1);
const ROW_INTERVAL_MS = 10_000;

const PAGE_RUNS = 50;
const REQUESTS = 200;
const REQUESTS_PER_TURN = 20;
const AIM: Aim = { most: 1.5 };

const NO_FILTER = { agentName: null, status: null, sinceMs: null, untilMs: null, beforeId: null };

interface Question {
  query: string;
  filter: Omit<RunFilter, "limit">;
}

interface Answer {
  medianMs: number;
  rowsRead: number;
}

/** What the list of runs costs in a small and in a large history: it should not matter. */
export async function measureList(): Promise<void> {
  await using small = await startServer("src/index.ts");
  await using large = await startServer("src/index.ts");
  const startedAtMs = performance.now();
  await fill(small, SIZES.small);
  await fill(large, SIZES.large);
  const filledInS = (performance.now() - startedAtMs) / 1_000;

  const questionsOf = { small: questions(SIZES.small), large: questions(SIZES.large) };
  const noise = createNoiseMeter();
  const rows: string[][] = [];
  for (const [index, smallQuestion] of questionsOf.small.entries()) {
    const largeQuestion = questionsOf.large[index];
    if (largeQuestion === undefined) throw new Error("both histories are asked the same questions");
    await noise.sample();
    const answers = await compare([small, smallQuestion], [large, largeQuestion]);
    const ratio = answers.large.medianMs / answers.small.medianMs;
    rows.push([
      smallQuestion.query.replace(/until=.*/, "until=<the middle>"),
      figure(answers.small.medianMs, 2),
      figure(answers.large.medianMs, 2),
      figure(ratio, 2),
      verdict(ratio, AIM),
      figure(answers.small.rowsRead, 0),
      figure(answers.large.rowsRead, 0),
    ]);
  }
  printTable(
    `GET /api/agents/runs?limit=${PAGE_RUNS}: median of ${REQUESTS} requests, one after the other`,
    [
      { title: "filter", align: "left" },
      { title: `ms of ${figure(SIZES.small, 0)}` },
      { title: `ms of ${figure(SIZES.large, 0)}` },
      { title: "ratio" },
      { title: "", align: "left" },
      { title: `rows read of ${figure(SIZES.small, 0)}` },
      { title: `of ${figure(SIZES.large, 0)}` },
    ],
    rows,
  );
  printNote(`filled by SQL in ${figure(filledInS, 0)} s: 5 agents, 3 % failed; the page is read with one row more`);
  printNote(noise.verdict());
}

/** The runs of five agents in turn, three in 97 failed, one every ten seconds. */
const FILL = `
  WITH RECURSIVE run (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM run WHERE n < ?2)
  INSERT INTO agent_runs (agent_name, framework, status, input_data, output_data, error, duration_ms, created_at,
                          started_at, completed_at, request_key, attempt, lease_expires_at, finish_key)
  SELECT CASE n % 5 WHEN 0 THEN 'echo' ELSE 'agent-' || (n % 5) END, 'code',
         iif(n % 97 < 3, 'failed', 'completed'), '{"n":' || n || '}', iif(n % 97 < 3, NULL, '{"n":' || n || '}'),
         iif(n % 97 < 3, 'TypeError: the model answered nothing', NULL), n % 3000,
         ?3 + n * ?4, ?3 + n * ?4, ?3 + n * ?4 + n % 3000,
         lower(hex(randomblob(16))), 1, ?3 + n * ?4 + 180000, lower(hex(randomblob(16)))
    FROM run`;

export async function fill(server: Server, size: number, firstAtMs = FIRST_CREATED_AT_MS): Promise<void> {
  for (let from = 1; from <= size; from += FILL_CHUNK_ROWS) {
    const to = Math.min(size, from + FILL_CHUNK_ROWS - 1);
    await server.db.prepare(FILL).bind(from, to, firstAtMs, ROW_INTERVAL_MS).run();
  }
}

function questions(size: number): Question[] {
  const middleMs = FIRST_CREATED_AT_MS + (size / 2) * ROW_INTERVAL_MS;
  return [
    { query: "", filter: NO_FILTER },
    { query: "agent=echo", filter: { ...NO_FILTER, agentName: "echo" } },
    { query: "status=failed", filter: { ...NO_FILTER, status: "failed" } },
    { query: "agent=echo&status=failed", filter: { ...NO_FILTER, agentName: "echo", status: "failed" } },
    { query: `until=${new Date(middleMs).toISOString()}`, filter: { ...NO_FILTER, untilMs: middleMs } },
  ];
}

async function compare(small: [Server, Question], large: [Server, Question]) {
  const timesMs = { small: [] as number[], large: [] as number[] };
  await Promise.all([timeTurn(small), timeTurn(large)]); // warm-up
  while (timesMs.small.length < REQUESTS) {
    timesMs.small.push(...(await timeTurn(small)));
    timesMs.large.push(...(await timeTurn(large)));
  }
  return {
    small: { medianMs: median(timesMs.small), rowsRead: await countRowsRead(small) } satisfies Answer,
    large: { medianMs: median(timesMs.large), rowsRead: await countRowsRead(large) } satisfies Answer,
  };
}

async function timeTurn([server, { query }]: [Server, Question]): Promise<number[]> {
  const timesMs: number[] = [];
  for (let turn = 0; turn < REQUESTS_PER_TURN; turn++) {
    timesMs.push(await timeGet(`${server.origin}/api/agents/runs?limit=${PAGE_RUNS}&${query}`));
  }
  return timesMs;
}

/** The service's own question, asked from here of the same database. */
async function countRowsRead([server, { filter }]: [Server, Question]): Promise<number> {
  const usage = noUsage();
  const runs = await listRuns(meterDatabase(server.db, usage), { ...filter, limit: PAGE_RUNS + 1 });
  if (runs.length === 0) throw new Error("the list of a filled history is empty");
  return usage.rowsRead;
}
