import { loadRuns } from "./load.ts";
import { type RunUse, takeReading, usePerRun } from "./meter-reading.ts";
import { printPrices } from "./prices.ts";
import { type Server, startServer } from "./runtime.ts";
import { type Aim, figure, printTable, verdict } from "./table.ts";

const LOADS = [
  { load: "alone", connections: 1, requests: 500, aim: { most: 7 } },
  { load: "64 connections", connections: 64, requests: 8_000, aim: { most: 6.2 } },
] as const satisfies { load: string; connections: number; requests: number; aim: Aim }[];

const PRICE_AIM: Aim = { most: 8.5 };

/** What D1, the Durable Object and the log are asked per run, and what that costs. */
export async function measureRows(): Promise<void> {
  await using server = await startServer("bench/metered.ts");
  await loadRuns(server.origin, { connections: 64, requests: 2_000 });
  const uses: { load: string; use: RunUse }[] = [];
  const rows: string[][] = [];
  for (const { load, connections, requests, aim } of LOADS) {
    const use = await measureUse(server, { connections, requests });
    uses.push({ load, use });
    rows.push([
      load,
      figure(use.rowsWritten, 2),
      verdict(use.rowsWritten, aim),
      figure(use.rowsRead, 2),
      figure(use.databaseCalls, 2),
      figure(use.objectRequests, 2),
      figure(use.objectActiveMs, 2),
      figure(use.logLines, 2),
    ]);
  }
  printTable(
    "What a run of echo uses, by D1's own meta and the object's own count",
    [
      { title: "load", align: "left" },
      { title: "rows written" },
      { title: "", align: "left" },
      { title: "rows read" },
      { title: "D1 calls" },
      { title: "object requests" },
      { title: "object active ms" },
      { title: "log lines" },
    ],
    rows,
  );
  printPrices(
    "runs of echo",
    uses.map((one) => ({ ...one, aim: PRICE_AIM })),
  );
}

async function measureUse(server: Server, load: { connections: number; requests: number }): Promise<RunUse> {
  await takeReading(server, "echo"); // sets the meter to zero
  const linesBefore = server.printedLines();
  const { answers } = await loadRuns(server.origin, load);
  return usePerRun(await takeReading(server, "echo"), { runs: answers, lines: server.printedLines() - linesBefore });
}
