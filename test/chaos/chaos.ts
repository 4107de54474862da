import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, startLocally } from "../local-server.ts";
import { checkHistory } from "./check-history.ts";
import { createLoad } from "./load.ts";

/**
 * `npm run chaos`: a real local server under 32 connections of mixed load is killed with SIGKILL five times and
 * started again on the same disk. Afterwards every acknowledged run is there once and ends within two sweeps.
 */

const KILLS = Number(process.env.KILLS ?? 5);
const CONNECTIONS = 32;
const LOAD_MS = 4_000;
/** The longest lease, and what a lost finish may have waited before it. */
const LEASE_MS = 46_000;

const folder = mkdtempSync(join(tmpdir(), "agent-runs-chaos-"));
const port = await freePort();
const origin = `http://127.0.0.1:${port}`;
const args = ["--port", String(port), "--persist-to", folder];
const load = createLoad(origin);

for (let kill = 1; kill <= KILLS; kill++) {
  const server = await startLocally(...args);
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
  await sleep(LEASE_MS);
  for (let sweep = 0; sweep < 2; sweep++) {
    await fetch(`${origin}/cdn-cgi/local/scheduled?cron=${encodeURIComponent("* * * * *")}`);
    await sleep(3_000);
  }
  const complaints = await checkHistory(origin, load);
  for (const complaint of complaints.slice(0, 20)) console.error(complaint);
  console.log(complaints.length === 0 ? `1 passed, 0 failed` : `0 passed, ${complaints.length} failed`);
  process.exitCode = complaints.length === 0 ? 0 : 1;
} finally {
  await server.stop("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
}
