import type { Registry } from "../agents/registry.ts";
import type { Now } from "../clock.ts";
import type { Env } from "../env.ts";

/** What the scheduler needs of its surroundings. */
export interface SchedulerContext {
  env: Env;
  registry: Registry;
  nowMs: Now;
}
