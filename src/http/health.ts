import { version } from "../../package.json";
import { Health } from "../contract/health.ts";
import { describeError, log } from "../log.ts";
import { readLastTick } from "../store/scheduler-clocks.ts";
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
      const [lastTickAtMs, { length: agents }] = await Promise.all([
        readLastTick(c.env.DB, "cron"),
        c.get("registry").list(c.env.DB),
      ]);
      const scheduler = { last_tick_at: instantOrNull(lastTickAtMs) };
      return { body: { status: "ok", version, database: "ok", scheduler, agents } };
    } catch (error) {
      log.error("health.database_unavailable", { error: describeError(error) });
      return { status: 503, body: { status: "degraded", version, database: "unavailable" } };
    }
  },
});

export const healthRoutes = [getHealth];
