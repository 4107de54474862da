import { version } from "../../package.json";
import { nowMs } from "../clock.ts";
import { Health } from "../contract/health.ts";
import { CLOCK_STOPPED_MS } from "../contract/limits.ts";
import { describeError, log } from "../log.ts";
import { readBacklog } from "../store/job-fires.ts";
import { readLastTicks } from "../store/scheduler-clocks.ts";
import { defineRoute, type Reply } from "./route.ts";
import { instantOrNull } from "./run-view.ts";

const getHealth = defineRoute({
  method: "GET",
  path: "/api/health",
  tag: "Service",
  summary: "Whether the service is up",
  description: "Public; with a valid token it also says how the parts are. 503 where the database does not answer.",
  access: "public",
  answer: Health,
  answerStatuses: [200, 503],
  problems: [],
  async handle(_input, c): Promise<Reply<Health>> {
    if (c.get("caller") === null) return { body: { status: "ok" } };
    try {
      const [scheduler, { length: agents }] = await Promise.all([
        schedulerHealth(c.env.DB, nowMs()),
        c.get("registry").list(c.env.DB),
      ]);
      return { body: { status: "ok", version, database: "ok", scheduler, agents } };
    } catch (error) {
      log.error("health.database_unavailable", { error: describeError(error) });
      return { status: 503, body: { status: "degraded", version, database: "unavailable" } };
    }
  },
});

export const healthRoutes = [getHealth];

/** How the scheduler is: when its clocks ticked, and what they have not come to. */
export async function schedulerHealth(db: D1Database, atMs: number): Promise<NonNullable<Health["scheduler"]>> {
  const [ticks, backlog] = await Promise.all([readLastTicks(db), readBacklog(db, atMs)]);
  const clock = (lastTickAtMs: number | null) => ({
    last_tick_at: instantOrNull(lastTickAtMs),
    stopped: lastTickAtMs !== null && atMs - lastTickAtMs > CLOCK_STOPPED_MS,
  });
  const known = [ticks.cron, ticks.ticker].filter((tickAtMs) => tickAtMs !== null);
  return {
    last_tick_at: instantOrNull(known.length === 0 ? null : Math.max(...known)),
    clocks: { cron: clock(ticks.cron), ticker: clock(ticks.ticker) },
    due: backlog.due,
    lag_ms: backlog.firstDueAtMs === null ? 0 : atMs - backlog.firstDueAtMs,
    unbegun: backlog.unbegun,
  };
}
