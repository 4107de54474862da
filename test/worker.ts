import { AGENTS, createRegistry } from "../src/agents/registry.ts";
import { AgentCoordinator as RealCoordinator } from "../src/coordinator/agent-coordinator.ts";
import type { Wake } from "../src/coordinator/wake.ts";
import type { Env } from "../src/env.ts";
import { consumeWakes } from "../src/executor/consume-wakes.ts";
import { createApp } from "../src/http/app.ts";
import { everyMinute } from "../src/scheduler/minute.ts";
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

const registry = createRegistry([...AGENTS, ...TEST_AGENTS]);
const app = createApp(registry);

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
  scheduled: (_controller, env) => everyMinute(env),
  queue: (batch, env, ctx) => consumeWakes(batch, { env, registry, waitUntil: (work) => ctx.waitUntil(work) }),
} satisfies ExportedHandler<Env, Wake>;
