import { nowMs } from "../clock.ts";
import type { Env } from "../env.ts";
import { recordTick } from "../store/scheduler-clocks.ts";
import { prune } from "./prune.ts";
import { sweep } from "./sweep.ts";
import { sweepWebhooks } from "./sweep-webhooks.ts";

/** What the Cron Trigger does every minute. Throws where a part failed, so that the platform shows it as failed. */
export async function everyMinute(env: Env): Promise<void> {
  const parts = await Promise.allSettled([
    recordTick(env.DB, "cron", nowMs()),
    sweep(env, nowMs()),
    sweepWebhooks(env, nowMs()),
    prune(env, nowMs()),
  ]);
  const failures = parts.flatMap((part) => (part.status === "rejected" ? [part.reason] : []));
  if (failures.length > 0) throw new AggregateError(failures, "the minute's work failed in part");
}
