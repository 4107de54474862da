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
import { TEST_AGENTS } from "./agents.ts";
import { faulty } from "./faults.ts";

export { RequestCounter } from "../src/rate-limit/request-counter.ts";
export { StreamHub } from "../src/stream/hub.ts";

/** The real coordinator over the real D1, which fails when a test plans it. */
export class AgentCoordinator extends RealCoordinator {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, { ...env, DB: faulty(env.DB) });
  }
}

export const registry = createRegistry([...AGENTS, ...TEST_AGENTS]);
/** The real ticker, which knows the tests' agents too. */
export class Ticker extends RealTicker {
  protected override readonly registry = registry;
}

const app = createApp(registry);

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
  scheduled: (_controller, env, ctx) => everyMinute(env, registry, (work) => ctx.waitUntil(work)),
  queue: (batch, env, ctx) =>
    consumeWakes(batch, {
      env,
      registry,
      waitUntil: (work) => ctx.waitUntil(work),
      workOnJobs: (jobIds) =>
        workOnJobs({ env, registry, nowMs, tell: tellOn(env.STREAM, (told) => ctx.waitUntil(told)) }, jobIds),
    }),
} satisfies ExportedHandler<Env, Wake>;
