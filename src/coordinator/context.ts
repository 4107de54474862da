import type { Now } from "../clock.ts";
import type { PublishedEvent } from "../contract/stream.ts";
import type { BudgetDefaults } from "../core/reserve.ts";
import type { MemoryStore } from "../store/memory.ts";
import type { RunWrite, RunWriteResult } from "../store/run-write.ts";
import type { Told } from "../store/webhook-tries.ts";
import type { Knowledge } from "./knowledge.ts";

/** What the operations of one coordinator share. */
export interface CoordinatorContext {
  agentName: string;
  db: D1Database;
  nowMs: Now;
  randomFraction(): number;
  budgets: BudgetDefaults;
  knowledge: Knowledge;
  memory: MemoryStore;
  /** Durable on return. Throws a StorageError where its outcome is in doubt. */
  write(write: RunWrite): Promise<RunWriteResult>;
  /**
   * Has an executor call `claim`, after `delayMs`. At least once if all goes well, and never awaited: what it
   * loses, the sweep finds.
   */
  wake(delayMs: number): void;
  /** Has somebody deliver the webhook of a run that has ended; as little to be relied upon as `wake`. */
  wakeWebhook(told: Told): void;
  /** Tells those who watch what is in the history by now. Never awaited, and nothing relies on it. */
  tell(event: PublishedEvent): void;
}
