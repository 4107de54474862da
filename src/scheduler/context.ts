import type { Registry } from "../agents/registry.ts";
import type { Now } from "../clock.ts";
import type { PublishedEvent } from "../contract/stream.ts";
import type { Env } from "../env.ts";

/** What the scheduler needs of its surroundings. */
export interface SchedulerContext {
  env: Env;
  registry: Registry;
  nowMs: Now;
  /** Tells those who watch what is in the history by now. Never awaited, never throws, and nothing relies on it. */
  tell(event: PublishedEvent): void;
}
