import { loadRuns } from "./load.ts";
import type { MeterReading } from "./metered.ts";
import { printPrices } from "./prices.ts";
import { type Server, startServer } from "./runtime.ts";
import { type Aim, figure, printTable, verdict } from "./table.ts";

const LOADS = [
  { load: "alone", connections: 1, requests: 500, aim: { most: 7 } },
  { load: "64 connections", connections: 64, requests: 8_000, aim: { most: 6.2 } },
] as const satisfies { load: string; connections: number; requests: number; aim: Aim }[];

/** What one run uses of the platform, on average. */
export interface RunUse {
  rowsWritten: number;
  rowsRead: number;
  databaseCalls: number;
  objectRequests: number;
  objectActiveMs: number;
  logLines: number;
}

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
  printPrices(uses);
}

async function measureUse(server: Server, load: { connections: number; requests: number }): Promise<RunUse> {
  await takeReading(server); // sets the meter to zero
  const linesBefore = server.printedLines();
  const { answers } = await loadRuns(server.origin, load);
  const { worker, coordinator, requests, activeMs } = await takeReading(server);
  return {
    rowsWritten: (worker.rowsWritten + coordinator.rowsWritten) / answers,
    rowsRead: (worker.rowsRead + coordinator.rowsRead) / answers,
    databaseCalls: (worker.calls + coordinator.calls) / answers,
    objectRequests: Object.values(requests).reduce((sum, count) => sum + count, 0) / answers,
    objectActiveMs: activeMs / answers,
    logLines: (server.printedLines() - linesBefore) / answers,
  };
}

async function takeReading(server: Server): Promise<MeterReading> {
  const response = await fetch(`${server.origin}/bench/meter?agent=echo`);
  if (!response.ok) throw new Error(`the meter answered ${response.status}`);
  return response.json() as Promise<MeterReading>;
}
