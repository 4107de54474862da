import { AGENTS, createRegistry } from "../src/agents/registry.ts";
import { nowMs } from "../src/clock.ts";
import { AgentCoordinator as RealCoordinator } from "../src/coordinator/agent-coordinator.ts";
import type { Wake } from "../src/coordinator/wake.ts";
import type { Env } from "../src/env.ts";
import { consumeWakes } from "../src/executor/consume-wakes.ts";
import { createApp } from "../src/http/app.ts";
import { everyMinute } from "../src/scheduler/minute.ts";
import { Ticker as RealTicker } from "../src/scheduler/ticker.ts";
import { workOnJobs } from "../src/scheduler/work-on-jobs.ts";
import { tellOn } from "../src/stream/client.ts";
import { BENCH_AGENTS } from "./agents.ts";
import { type D1Usage, meterDatabase, noUsage } from "./meter.ts";

export { RequestCounter } from "../src/rate-limit/request-counter.ts";
export { StreamHub } from "../src/stream/hub.ts";

/**
 * The service with its real classes, each wrapped in a meter that `GET /bench/meter?agent=` reads and sets to zero.
 * `GET /bench/minute` does what the Cron Trigger does; `GET /bench/fires` says how far the jobs' fires are.
 */

export interface MeterReading {
  /** What the Worker itself asked of D1. */
  worker: D1Usage;
  /** What the agent's coordinator asked of D1. */
  coordinator: D1Usage;
  /** How often each method of the coordinator was called: each is a request that the platform bills. */
  requests: Record<string, number>;
  /** How long at least one call was in the coordinator: the duration that the platform bills. */
  activeMs: number;
  /** Messages that it put into the queue. */
  wakes: number;
}

export interface FireProgress {
  /** Fires that have a run. */
  begun: number;
  /** Runs that have ended. */
  ended: number;
}

type CoordinatorReading = Omit<MeterReading, "worker">;

interface Meter {
  usage: D1Usage;
  requests: Record<string, number>;
  activeMs: number;
  wakes: number;
}

/** By agent. Here, and not in the objects, since an object that is idle for ten seconds is gone. */
const meters = new Map<string, Meter>();

function meterOf(agent: string): Meter {
  const meter = meters.get(agent) ?? { usage: noUsage(), requests: {}, activeMs: 0, wakes: 0 };
  meters.set(agent, meter);
  return meter;
}

export class AgentCoordinator extends RealCoordinator {
  #inFlight = 0;
  #activeSinceMs = 0;
  readonly #meter: Meter;

  constructor(ctx: DurableObjectState, env: Env) {
    const meter = meterOf(ctx.id.name ?? "");
    const send: Queue<Wake>["send"] = (wake, options) => {
      meter.wakes++;
      return env.RUN_QUEUE.send(wake, options);
    };
    super(ctx, { ...env, DB: meterDatabase(env.DB, meter.usage), RUN_QUEUE: { send } as Queue<Wake> });
    this.#meter = meter;
  }

  async benchMeter<Answer>(method: string, call: () => Promise<Answer>): Promise<Answer> {
    const { requests } = this.#meter;
    requests[method] = (requests[method] ?? 0) + 1;
    if (this.#inFlight++ === 0) this.#activeSinceMs = Date.now();
    try {
      return await call();
    } finally {
      if (--this.#inFlight === 0) this.#meter.activeMs += Date.now() - this.#activeSinceMs;
    }
  }
}

function takeReading(agent: string): CoordinatorReading {
  const meter = meterOf(agent);
  const { usage, requests, activeMs, wakes } = meter;
  const reading = { coordinator: { ...usage }, requests, activeMs, wakes };
  Object.assign(usage, noUsage());
  Object.assign(meter, { requests: {}, activeMs: 0, wakes: 0 });
  return reading;
}

meterEveryMethod();

/** By name, so that a method which the coordinator gains later is metered too. */
function meterEveryMethod(): void {
  for (const name of Object.getOwnPropertyNames(RealCoordinator.prototype)) {
    const real: unknown = Reflect.get(RealCoordinator.prototype, name);
    if (name === "constructor" || typeof real !== "function") continue;
    Object.defineProperty(AgentCoordinator.prototype, name, {
      value(this: AgentCoordinator, ...args: unknown[]) {
        return this.benchMeter(name, () => real.apply(this, args) as Promise<unknown>);
      },
    });
  }
}

/** In the Worker's isolate, as all objects here are: what it asks counts as the Worker's. */
export class Ticker extends RealTicker {
  protected override readonly registry = registry;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, { ...env, DB: meterDatabase(env.DB, workerUsage) });
  }
}

const workerUsage = noUsage();
const registry = createRegistry([...AGENTS, ...BENCH_AGENTS]);
const app = createApp(registry);

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    const metered = { ...env, DB: meterDatabase(env.DB, workerUsage) };
    if (url.pathname === "/bench/minute") {
      await everyMinute(metered, registry, (work) => ctx.waitUntil(work));
      return Response.json({});
    }
    if (url.pathname === "/bench/fires") return Response.json(await readProgress(env.DB));
    if (url.pathname !== "/bench/meter") return app.fetch(request, metered, ctx);
    const reading = takeReading(url.searchParams.get("agent") ?? "");
    const worker = { ...workerUsage };
    Object.assign(workerUsage, noUsage());
    return Response.json({ worker, ...reading } satisfies MeterReading);
  },
  queue: (batch, bare, ctx) => {
    const env = { ...bare, DB: meterDatabase(bare.DB, workerUsage) };
    return consumeWakes(batch, {
      env,
      registry,
      waitUntil: (work) => ctx.waitUntil(work),
      workOnJobs: (jobIds) =>
        workOnJobs({ env, registry, nowMs, tell: tellOn(env.STREAM, (told) => ctx.waitUntil(told)) }, jobIds),
    });
  },
} satisfies ExportedHandler<Env, Wake>;

async function readProgress(db: D1Database): Promise<FireProgress | null> {
  return db
    .prepare(
      `SELECT (SELECT count(*) FROM job_fires WHERE run_id IS NOT NULL) AS begun,
              (SELECT count(*) FROM agent_runs WHERE completed_at IS NOT NULL) AS ended`,
    )
    .first<FireProgress>();
}
