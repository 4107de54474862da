import { AGENTS, createRegistry } from "./agents/registry.ts";
import type { Env } from "./env.ts";
import { createApp } from "./http/app.ts";
import { everyMinute } from "./scheduler/minute.ts";

export { AgentCoordinator } from "./coordinator/agent-coordinator.ts";

const app = createApp(createRegistry(AGENTS));

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
  scheduled: (_controller, env) => everyMinute(env),
} satisfies ExportedHandler<Env>;
