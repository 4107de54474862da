import { BUSY_AGENTS } from "./agents.ts";
import { type RunUse, takeReadings, usePerRun } from "./meter-reading.ts";
import type { FireProgress } from "./metered.ts";
import { printPrices } from "./prices.ts";
import { type Server, startServer } from "./runtime.ts";
import { quantile } from "./statistics.ts";
import { figure, printTable } from "./table.ts";

const DUE_JOBS = 10_000;
const IDLE_JOBS = [0, 100, 10_000] as const;
const DEADLINE_MS = 5 * 60_000;
const POLL_MS = 100;
/** How long a job of each second is watched. */
const WATCHED_MS = 30_000;
/** Minutes in each of which one job is due, seen to by the Cron Trigger's work alone. */
const MINUTES = 30;

/** What the scheduler costs while nothing is due, how fast it fires what is, and how late. */
export async function measureScheduler(): Promise<void> {
  const uses: { load: string; use: RunUse }[] = [];
  for (const agents of [1, BUSY_AGENTS.length]) uses.push(await measureDispatch(agents));
  printPrices("fires, their runs included", uses);
  await measureIdleMinutes();
  await measureLateness();
}

/** `agents`: among how many the jobs are divided. */
async function measureDispatch(agents: number): Promise<{ load: string; use: RunUse }> {
  await using server = await startServer("bench/metered.ts");
  const names = BUSY_AGENTS.slice(0, agents).map(({ name }) => name);
  const each = DUE_JOBS / agents;
  for (const agent of names)
    await insertJobs(server, { count: each, prefix: `due-${agent}`, agent, dueAtMs: Date.now() });
  const linesBefore = server.printedLines();
  const startedAtMs = performance.now();
  const secondsSince = () => (performance.now() - startedAtMs) / 1_000;
  await minute(server);
  await untilFires(server, "begun", DUE_JOBS);
  const begunS = secondsSince();
  await untilFires(server, "ended", DUE_JOBS);
  const endedS = secondsSince();
  const lines = server.printedLines() - linesBefore;
  const use = usePerRun(await takeReadings(server, names), { runs: DUE_JOBS, lines });
  const load = agents === 1 ? "of one agent" : `of ${agents} agents`;
  const twice = await server.db
    .prepare("SELECT count(*) - count(DISTINCT job_id) AS n FROM agent_runs WHERE trigger = 'job'")
    .first<number>("n");
  printTable(
    `${figure(DUE_JOBS, 0)} jobs ${load} due at once, their runs included`,
    [
      { title: "all begun, s" },
      { title: "all ended, s" },
      { title: "rows written per fire" },
      { title: "rows read per fire" },
      { title: "fired twice" },
    ],
    [[figure(begunS, 1), figure(endedS, 1), figure(use.rowsWritten, 2), figure(use.rowsRead, 1), String(twice)]],
  );
  return { load, use };
}

/** The second minute of each: the first has the database read its schema. */
async function measureIdleMinutes(): Promise<void> {
  await using server = await startServer("bench/metered.ts");
  const agent = BUSY_AGENTS[0]?.name ?? "";
  const rows: string[][] = [];
  for (const jobs of IDLE_JOBS) {
    await insertJobs(server, { count: jobs, prefix: "idle", agent, dueAtMs: Date.now() + 24 * 3_600_000 });
    await minute(server);
    await takeReadings(server, [agent]);
    await minute(server);
    const { worker } = await takeReadings(server, [agent]);
    rows.push([jobs, worker.rowsRead, worker.rowsWritten, worker.calls].map((count) => figure(count, 0)));
  }
  printTable(
    "A minute in which nothing is due, all of its work",
    [{ title: "jobs that are not due" }, { title: "rows read" }, { title: "rows written" }, { title: "D1 calls" }],
    rows,
  );
}

/** From the slot to the run's row, which is when it was accepted. */
async function measureLateness(): Promise<void> {
  const rows: string[][] = [];
  for (const clock of ["ticker", "cron alone"] as const) {
    await using server = await startServer("bench/metered.ts");
    if (clock === "ticker") await fireEachSecond(server);
    else await fireByTheMinute(server);
    const { results } = await server.db
      .prepare(
        "SELECT run.created_at - fire.nominal_at AS lateMs FROM job_fires AS fire JOIN agent_runs AS run ON run.id = run_id",
      )
      .all<{ lateMs: number }>();
    const lateMs = results.map((row) => row.lateMs);
    const quantiles = [0.5, 0.99].map((share) => figure(quantile(lateMs, share), 0));
    rows.push([clock, figure(lateMs.length, 0), ...quantiles]);
  }
  printTable(
    "How late a slot fires; by cron alone, from the instant at which the platform starts the minute's work",
    [{ title: "clock", align: "left" }, { title: "slots" }, { title: "p50 ms" }, { title: "p99 ms" }],
    rows,
  );
}

async function fireEachSecond(server: Server): Promise<void> {
  const headers = { "content-type": "application/json" };
  const job = { id: "each-second", name: "Each second", agent: "echo", overlap: "allow_all" };
  const body = JSON.stringify({ ...job, trigger: { type: "interval", seconds: 1 } });
  const response = await fetch(`${server.origin}/api/scheduler/jobs`, { method: "POST", headers, body });
  if (response.status !== 201) throw new Error(`the job was answered ${response.status}: ${await response.text()}`);
  await new Promise((resume) => setTimeout(resume, WATCHED_MS));
  await fetch(`${server.origin}/api/scheduler/jobs/each-second/pause`, { method: "POST", headers, body: "{}" });
}

/** A job that is written past the API arms no ticker. */
async function fireByTheMinute(server: Server): Promise<void> {
  for (let n = 1; n <= MINUTES; n++) {
    await insertJobs(server, { count: 1, prefix: `minute-${n}`, agent: "echo", dueAtMs: Date.now() });
    await minute(server);
    await untilFires(server, "ended", n);
  }
}

/** As the API would make them, in one statement: each has a single slot. */
async function insertJobs(
  { db }: Server,
  { count, prefix, agent, dueAtMs }: { count: number; prefix: string; agent: string; dueAtMs: number },
): Promise<void> {
  const definition = {
    name: "x",
    description: "",
    agent,
    params: {},
    timezone: "UTC",
    overlap: "skip",
    misfire_grace_s: 300,
    coalesce: true,
    jitter_s: 0,
    start_at: null,
    end_at: null,
    max_fires: 1,
    pause_after_failures: null,
    tags: [],
    active_hours: null,
    trigger: { type: "interval", hours: 1, start: new Date(dueAtMs).toISOString() },
  };
  await db
    .prepare(
      `WITH RECURSIVE counter (n) AS (SELECT 1 WHERE ?4 > 0 UNION ALL SELECT n + 1 FROM counter WHERE n < ?4)
       INSERT OR IGNORE INTO jobs (id, definition, agent_name, enabled, next_at, due_at, failures_from, created_at, updated_at)
       SELECT ?2 || '-' || n, ?1, ?3, 1, ?5, ?5, 0, 0, 0 FROM counter`,
    )
    .bind(JSON.stringify(definition), prefix, agent, count, dueAtMs)
    .run();
}

/** By HTTP: asked of its database from here, a server that prints much blocks, and this process with it. */
async function untilFires({ origin }: Server, what: keyof FireProgress, count: number): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const progress = (await (await fetch(`${origin}/bench/fires`)).json()) as FireProgress;
    if (progress[what] === count) return;
    if (performance.now() > deadlineMs) throw new Error(`after ${DEADLINE_MS} ms: ${JSON.stringify(progress)}`);
    await new Promise((resume) => setTimeout(resume, POLL_MS));
  }
}

async function minute({ origin }: Server): Promise<void> {
  const response = await fetch(`${origin}/bench/minute`);
  if (!response.ok) throw new Error(`the minute answered ${response.status}: ${await response.text()}`);
}
