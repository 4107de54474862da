import { AGENTS, createRegistry, type Registry } from "../agents/registry.ts";
import { nowMs } from "../clock.ts";
import { TICKER_MS, TICKER_SOON_MS } from "../contract/limits.ts";
import type { Env } from "../env.ts";
import { readNextDue } from "../store/job-fires.ts";
import { tellOn } from "../stream/client.ts";
import { armTicker } from "./arm-ticker.ts";
import { prune } from "./prune.ts";
import { sweep } from "./sweep.ts";
import { sweepWebhooks } from "./sweep-webhooks.ts";
import { tick } from "./tick.ts";

const BUILT_IN = createRegistry(AGENTS);

/**
 * What the Cron Trigger does every minute. Throws where a part failed, so that the platform shows it as failed.
 * `waitUntil` is given what may go on after it, and nothing relies on.
 */
export async function everyMinute(
  env: Env,
  registry: Registry = BUILT_IN,
  waitUntil: (work: Promise<unknown>) => void = () => {},
): Promise<void> {
  const parts = await Promise.allSettled([
    tick({ env, registry, nowMs, tell: tellOn(env.STREAM, waitUntil) }, "cron").finally(() => keepTicker(env)),
    sweep(env, nowMs()),
    sweepWebhooks(env, nowMs()),
    prune(env, nowMs()),
  ]);
  const failures = parts.flatMap((part) => (part.status === "rejected" ? [part.reason] : []));
  if (failures.length > 0) throw new AggregateError(failures, "the minute's work failed in part");
}

/** Where the ticker was never armed, has lost its alarm, or died after it had set the late one that it begins with. */
async function keepTicker(env: Env): Promise<void> {
  const dueAtMs = (await readNextDue(env.DB)) ?? Number.POSITIVE_INFINITY;
  const atMs = nowMs();
  await armTicker(env, Math.min(atMs + TICKER_MS, Math.max(dueAtMs, atMs + TICKER_SOON_MS)));
}
