import { storage } from "./storage.ts";

export const RECORD_TICK = `
  INSERT INTO scheduler_clocks (clock, last_tick_at) VALUES (?1, ?2)
      ON CONFLICT (clock) DO UPDATE SET last_tick_at = max(last_tick_at, excluded.last_tick_at)`;

const SELECT_TICKS = "SELECT clock, last_tick_at AS lastTickAtMs FROM scheduler_clocks";

export type SchedulerClock = "cron" | "ticker";

export type LastTicks = Readonly<Record<SchedulerClock, number | null>>;

/**
 * Notes that a clock ticked, and answers when each had ticked last before. A late or repeated tick never moves one
 * back.
 */
export async function recordTick(db: D1Database, clock: SchedulerClock, tickAtMs: number): Promise<LastTicks> {
  const [before] = await storage("record a tick", () =>
    db.batch<TickRow>([db.prepare(SELECT_TICKS), db.prepare(RECORD_TICK).bind(clock, tickAtMs)]),
  );
  return lastTicks(before?.results ?? []);
}

/** When each clock last ticked, in epoch milliseconds, or null. */
export async function readLastTicks(db: D1Database): Promise<LastTicks> {
  const { results } = await storage("read the last ticks", () => db.prepare(SELECT_TICKS).all<TickRow>());
  return lastTicks(results);
}

interface TickRow {
  clock: SchedulerClock;
  lastTickAtMs: number;
}

function lastTicks(rows: readonly TickRow[]): LastTicks {
  return { cron: null, ticker: null, ...Object.fromEntries(rows.map((row) => [row.clock, row.lastTickAtMs])) };
}
