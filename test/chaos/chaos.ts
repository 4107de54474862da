import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, startLocally } from "../local-server.ts";
import { checkHistory, liveRunsAfter } from "./check-history.ts";
import { checkSlots, createJob, pauseJob } from "./job.ts";
import { createLoad } from "./load.ts";

/**
 * `npm run chaos`: a real local server under 32 connections of mixed load is killed with SIGKILL five times and
 * started again on the same disk, with a job that fires every second. Afterwards every acknowledged run is there once
 * and ends within two sweeps, and every slot of the job has one record and at most one run.
 */

const KILLS = Number(process.env.KILLS ?? 5);
const CONNECTIONS = 32;
const LOAD_MS = 4_000;
/** The longest lease, and what a lost finish may have waited before it. */
const LEASE_MS = 46_000;
const SWEEPS = 2;
/** What is woken by a sweep, or fires since the service is up again, has so long to work. */
const MAX_WORK_MS = 20_000;

const folder = mkdtempSync(join(tmpdir(), "agent-runs-chaos-"));
const port = await freePort();
const origin = `http://127.0.0.1:${port}`;
const args = ["--port", String(port), "--persist-to", folder];
const load = createLoad(origin);

for (let kill = 1; kill <= KILLS; kill++) {
  const server = await startLocally(...args);
  if (kill === 1) await createJob(origin);
  load.start(CONNECTIONS);
  await sleep(LOAD_MS);
  await server.stop("SIGKILL");
  await load.stop();
  console.log(
    `kill ${kill} of ${KILLS}: ${load.acknowledged.size} runs acknowledged so far, ${load.refused()} calls lost`,
  );
}

const server = await startLocally(...args);
try {
  await sleep(LEASE_MS); // meanwhile the job comes to what it missed
  await pauseJob(origin);
  for (let sweep = 1; sweep <= SWEEPS; sweep++) {
    await fetch(`${origin}/cdn-cgi/local/scheduled?cron=${encodeURIComponent("* * * * *")}`);
    console.log(`sweep ${sweep}: ${await liveRunsAfter(origin, MAX_WORK_MS)} runs live`);
  }
  const complaints = [...(await checkHistory(origin, load)), ...(await checkSlots(origin))];
  for (const complaint of complaints.slice(0, 20)) console.error(complaint);
  console.log(complaints.length === 0 ? `1 passed, 0 failed` : `0 passed, ${complaints.length} failed`);
  process.exitCode = complaints.length === 0 ? 0 : 1;
} finally {
  await server.stop("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
}
