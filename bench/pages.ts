import { existsSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { type Browser, chromium } from "playwright-core";
import { fill } from "./list.ts";
import { timeGet } from "./load.ts";
import { createNoiseMeter } from "./noise.ts";
import { type Server, startServer } from "./runtime.ts";
import { median, quantile } from "./statistics.ts";
import { type Aim, figure, printNote, printTable, verdict } from "./table.ts";

const RUNS = 1_000_000;
const RUN_INTERVAL_MS = 10_000;
const JOBS = 30;
const REQUESTS = 60;
const OPENINGS = 5;
const KB = 1_000;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

const AIMS = {
  gzipKb: { most: 100 },
  serverMs: { most: 30 },
  interactiveMs: { most: 500 },
} satisfies Record<string, Aim>;

/** What the dashboard's pages weigh, and how long they take to make and to open, before a million stored runs. */
export async function measurePages(): Promise<void> {
  await using server = await startServer("src/index.ts");
  const startedAtMs = performance.now();
  await fillHistory(server);
  const filledInS = (performance.now() - startedAtMs) / 1_000;
  const browser = existsSync(CHROMIUM)
    ? await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] })
    : null;
  const noise = createNoiseMeter();
  const rows: string[][] = [];
  for (const path of [
    "/",
    "/runs",
    `/runs/${RUNS}`,
    "/agents/echo",
    "/schedule",
    "/schedule/job-1",
    "/costs",
    "/settings",
  ]) {
    await noise.sample();
    const url = server.origin + path;
    const kb = (await weigh(server.origin, path)) / KB;
    const timesMs = await timePage(url);
    const openedMs = browser === null ? null : median(await open(browser, url));
    rows.push([
      path,
      figure(kb, 1),
      verdict(kb, AIMS.gzipKb),
      figure(median(timesMs), 1),
      figure(quantile(timesMs, 0.99), 1),
      verdict(median(timesMs), AIMS.serverMs),
      openedMs === null ? "–" : figure(openedMs, 0),
      openedMs === null ? "" : verdict(openedMs, AIMS.interactiveMs),
    ]);
  }
  await browser?.close();
  printTable(
    `The pages, of ${figure(RUNS, 0)} runs: ${REQUESTS} requests one after the other, ${OPENINGS} openings with nothing cached`,
    [
      { title: "page", align: "left" },
      { title: "gzip KB in all" },
      { title: "", align: "left" },
      { title: "p50 ms" },
      { title: "p99 ms" },
      { title: "", align: "left" },
      { title: "interactive ms" },
      { title: "", align: "left" },
    ],
    rows,
  );
  printNote(
    `filled by SQL in ${figure(filledInS, 0)} s: one run every ten seconds until now, ${JOBS} jobs, two budgets`,
  );
  if (browser === null) printNote(`not opened: there is no ${CHROMIUM}; set CHROMIUM`);
  printNote(noise.verdict());
}

/** Runs until now, and what their ends would have left of them. */
async function fillHistory(server: Server): Promise<void> {
  await fill(server, RUNS, Date.now() - RUNS * RUN_INTERVAL_MS);
  await server.db
    .prepare(
      `INSERT INTO usage_daily (agent_name, day, runs, tokens_input, tokens_output, cost_microusd, duration_ms, ended_by_hour)
       SELECT agent_name, day, sum(runs), 0, 0, 0, sum(duration_ms), json_group_object(hour, json_array(completed, wrong))
         FROM (SELECT agent_name, completed_at / 86400000 AS day, CAST(completed_at / 3600000 % 24 AS TEXT) AS hour,
                      count(*) AS runs, sum(duration_ms) AS duration_ms, sum(status = 'completed') AS completed,
                      sum(status <> 'completed') AS wrong
                 FROM agent_runs GROUP BY 1, 2, 3)
        GROUP BY 1, 2`,
    )
    .run();
  await put(server, "/api/budgets", "PUT", { daily_usd: 10, monthly_usd: 200 });
  for (let n = 1; n <= JOBS; n++) {
    const minute = n % 60;
    const trigger = { type: "cron", expression: `${minute} * * * *`, timezone: "Europe/Berlin" };
    await put(server, "/api/scheduler/jobs", "POST", { id: `job-${n}`, name: `Job ${n}`, agent: "echo", trigger });
  }
  await server.db
    .prepare(
      `WITH RECURSIVE slot (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM slot WHERE n < 200)
       INSERT INTO job_fires (job_id, nominal_at, kind, outcome, run_id, fired_at)
       SELECT jobs.id, ?1 - n * 3600000, 'scheduled', 'fired', n, ?1 - n * 3600000 FROM jobs, slot ORDER BY n DESC`,
    )
    .bind(Date.now())
    .run();
}

async function put(server: Server, path: string, method: string, body: unknown): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(server.origin + path, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}

/** Bytes of a page and of all that it loads, each by itself under gzip. */
async function weigh(origin: string, path: string): Promise<number> {
  const page = await text(origin + path);
  const assets = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((match) => match[1] ?? "");
  const texts = [page, ...(await Promise.all([...new Set(assets)].map((asset) => text(origin + asset))))];
  return texts.reduce((bytes, each) => bytes + gzipSync(each).byteLength, 0);
}

async function text(url: string): Promise<string> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`GET ${url}: ${answer.status}`);
  return answer.text();
}

async function timePage(url: string): Promise<number[]> {
  const timesMs: number[] = [];
  for (let n = 0; n < 10; n++) await timeGet(url); // warm-up
  while (timesMs.length < REQUESTS) timesMs.push(await timeGet(url));
  return timesMs;
}

/** From the click to the end of DOMContentLoaded, by when the page's script has run; each time in a new profile. */
async function open(browser: Browser, url: string): Promise<number[]> {
  const timesMs: number[] = [];
  while (timesMs.length < OPENINGS) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url, { waitUntil: "load" });
    timesMs.push(await page.evaluate<number>("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"));
    await context.close();
  }
  return timesMs;
}
