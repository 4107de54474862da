import { AGENTS, createRegistry, type Registry } from "../agents/registry.ts";
import { nowMs } from "../clock.ts";
import { TICKER_MS } from "../contract/limits.ts";
import type { Env } from "../env.ts";
import { armTicker } from "./arm-ticker.ts";
import { prune } from "./prune.ts";
import { sweep } from "./sweep.ts";
import { sweepWebhooks } from "./sweep-webhooks.ts";
import { tick } from "./tick.ts";

const BUILT_IN = createRegistry(AGENTS);

/** What the Cron Trigger does every minute. Throws where a part failed, so that the platform shows it as failed. */
export async function everyMinute(env: Env, registry: Registry = BUILT_IN): Promise<void> {
  const parts = await Promise.allSettled([
    tick({ env, registry, nowMs }, "cron"),
    armTicker(env, nowMs() + TICKER_MS), // where it was never armed, or has lost its alarm
    sweep(env, nowMs()),
    sweepWebhooks(env, nowMs()),
    prune(env, nowMs()),
  ]);
  const failures = parts.flatMap((part) => (part.status === "rejected" ? [part.reason] : []));
  if (failures.length > 0) throw new AggregateError(failures, "the minute's work failed in part");
}
