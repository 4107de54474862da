import type { MeterReading } from "./metered.ts";
import type { Server } from "./runtime.ts";

/** What one run uses of the platform, on average. */
export interface RunUse {
  rowsWritten: number;
  rowsRead: number;
  databaseCalls: number;
  objectRequests: number;
  objectActiveMs: number;
  /** Messages into the queue. */
  wakes: number;
  logLines: number;
}

/** What the service and an agent's coordinator were asked since the last reading. */
export async function takeReading(server: Server, agent: string): Promise<MeterReading> {
  const response = await fetch(`${server.origin}/bench/meter?agent=${agent}`);
  if (!response.ok) throw new Error(`the meter answered ${response.status}`);
  return response.json() as Promise<MeterReading>;
}

/** What was asked since the last reading, of the service and of all these coordinators. */
export async function takeReadings(server: Server, agents: readonly string[]): Promise<MeterReading> {
  const readings: MeterReading[] = [];
  for (const agent of agents) readings.push(await takeReading(server, agent));
  const sum = (of: (reading: MeterReading) => number) => readings.reduce((total, reading) => total + of(reading), 0);
  const usage = (of: "worker" | "coordinator") => ({
    calls: sum((reading) => reading[of].calls),
    statements: sum((reading) => reading[of].statements),
    rowsRead: sum((reading) => reading[of].rowsRead),
    rowsWritten: sum((reading) => reading[of].rowsWritten),
  });
  return {
    worker: usage("worker"),
    coordinator: usage("coordinator"),
    requests: { all: sum(({ requests }) => Object.values(requests).reduce((total, count) => total + count, 0)) },
    activeMs: sum(({ activeMs }) => activeMs),
    wakes: sum(({ wakes }) => wakes),
  };
}

export function usePerRun(
  { worker, coordinator, requests, activeMs, wakes }: MeterReading,
  { runs, lines }: { runs: number; lines: number },
): RunUse {
  return {
    rowsWritten: (worker.rowsWritten + coordinator.rowsWritten) / runs,
    rowsRead: (worker.rowsRead + coordinator.rowsRead) / runs,
    databaseCalls: (worker.calls + coordinator.calls) / runs,
    objectRequests: Object.values(requests).reduce((sum, count) => sum + count, 0) / runs,
    objectActiveMs: activeMs / runs,
    wakes: wakes / runs,
    logLines: lines / runs,
  };
}
