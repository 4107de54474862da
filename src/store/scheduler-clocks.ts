import { storage } from "./storage.ts";

const RECORD_TICK = `
  INSERT INTO scheduler_clocks (clock, last_tick_at) VALUES (?1, ?2)
      ON CONFLICT (clock) DO UPDATE SET last_tick_at = max(last_tick_at, excluded.last_tick_at)`;

const SELECT_LAST_TICK = "SELECT last_tick_at FROM scheduler_clocks WHERE clock = ?1";

export type SchedulerClock = "cron";

/** Notes that a clock ticked. A late or repeated tick never moves it back. */
export async function recordTick(db: D1Database, clock: SchedulerClock, tickAtMs: number): Promise<void> {
  await storage("record a tick", () => db.prepare(RECORD_TICK).bind(clock, tickAtMs).run());
}

/** When a clock last ticked, in epoch milliseconds, or null. */
export async function readLastTick(db: D1Database, clock: SchedulerClock): Promise<number | null> {
  return storage("read the last tick", () => db.prepare(SELECT_LAST_TICK).bind(clock).first<number>("last_tick_at"));
}
