import { AGENTS, createRegistry } from "./agents/registry.ts";
import { nowMs } from "./clock.ts";
import type { Wake } from "./coordinator/wake.ts";
import type { Env } from "./env.ts";
import { consumeWakes } from "./executor/consume-wakes.ts";
import { createApp } from "./http/app.ts";
import { everyMinute } from "./scheduler/minute.ts";
import { workOnJobs } from "./scheduler/work-on-jobs.ts";
import { tellOn } from "./stream/client.ts";

export { AgentCoordinator } from "./coordinator/agent-coordinator.ts";
export { RequestCounter } from "./rate-limit/request-counter.ts";
export { Ticker } from "./scheduler/ticker.ts";
export { StreamHub } from "./stream/hub.ts";

const registry = createRegistry(AGENTS);
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
