import type { Now } from "../clock.ts";
import { RETRY_AFTER_S } from "../contract/limits.ts";
import type { Problem } from "../contract/problems.ts";
import type { AttemptEvent } from "../contract/run-event.ts";
import type { PublishedEvent } from "../contract/stream.ts";
import type { BudgetDefaults } from "../core/reserve.ts";
import { describeError, log } from "../log.ts";
import { readAgentState } from "../store/live-runs.ts";
import { createMemoryStore, type MemoryStorage } from "../store/memory.ts";
import type { RunWrite, RunWriteResult } from "../store/run-write.ts";
import { commitRunWrites } from "../store/run-writes.ts";
import { StorageError } from "../store/storage.ts";
import type { Told } from "../store/webhook-tries.ts";
import { beginRun } from "./begin-run.ts";
import { cancelRun } from "./cancel-run.ts";
import { claimRun } from "./claim-run.ts";
import { configureAgent } from "./configure-agent.ts";
import type { CoordinatorContext } from "./context.ts";
import { finishAttempt } from "./finish-attempt.ts";
import { createGroupCommit } from "./group-commit.ts";
import { handOver } from "./hand-over.ts";
import { heartbeat } from "./heartbeat.ts";
import { createKnowledge } from "./knowledge.ts";
import type { Coordinator, Refusal } from "./protocol.ts";
import { sweepRuns } from "./sweep-runs.ts";
import { useMemory } from "./use-memory.ts";
import { warnOfBudget } from "./warn-of-budget.ts";

const STORAGE_UNAVAILABLE: Problem = {
  code: "storage_unavailable",
  detail: "The run history cannot be written just now.",
  retryAfterS: RETRY_AFTER_S,
};

/**
 * The lock of one agent: decides what starts, stops and is repeated, and is the only writer of its runs' rows. It
 * never runs agent code and never waits for it, so it answers at once however long an agent works. Every operation
 * is a file of its own, and safe to repeat; each can be refused with `storage_unavailable`, and may then have been
 * done all the same.
 */
export function createCoordinator(options: {
  agentName: string;
  db: D1Database;
  /** Its own: what the agent remembers, and nothing that D1 should know. */
  storage: MemoryStorage;
  nowMs: Now;
  randomKey(): string;
  randomFraction(): number;
  budgets: BudgetDefaults;
  wake(delayMs: number): void;
  wakeWebhook(told: Told): void;
  tell(event: PublishedEvent): void;
}): Coordinator {
  const { agentName, db, storage, nowMs, randomFraction, budgets, wake, wakeWebhook, tell } = options;
  const knowledge = createKnowledge(() => readAgentState(db, agentName));
  const writes = createGroupCommit<RunWrite, RunWriteResult>({
    commit: (group) =>
      commitRunWrites(db, group, options.randomKey(), (warning) => warnOfBudget(warning, { nowMs, tell, wakeWebhook })),
    bytesOf: writeBytes,
    randomFraction,
  });
  const { submit: write } = writes;
  const memory = createMemoryStore(storage);
  const context: CoordinatorContext = {
    agentName,
    db,
    nowMs,
    randomFraction,
    budgets,
    knowledge,
    memory,
    write,
    wake,
    wakeWebhook,
    tell,
  };

  /** Storage that is away is an expected outcome, and a value; anything else is a bug, and throws. */
  async function informed<Outcome>(operation: () => Promise<Outcome>): Promise<Outcome | Refusal> {
    try {
      await knowledge.known(nowMs());
      return await operation();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      knowledge.doubt();
      log.error("storage.unavailable", { agent: agentName, error: describeError(error) });
      return { ok: false, problem: STORAGE_UNAVAILABLE };
    }
  }

  return {
    begin: (request) => informed(() => beginRun(context, writes.pending(), request)),
    claim: ({ leaseKey }) => informed(() => claimRun(context, leaseKey)),
    heartbeat: (request) => informed(() => heartbeat(context, request)),
    finish: (request) => informed(() => finishAttempt(context, request)),
    handOver: (request) => informed(() => handOver(context, request)),
    cancel: ({ runId }) => informed(() => cancelRun(context, runId)),
    configure: (request) => informed(() => configureAgent(context, request)),
    memory: (request) => informed(async () => useMemory(context, request)),
    sweep() {
      // The history is looked at anew: a write that was given up, or sent by this object before it was reset, may have
      // been committed since, and left a run that nobody knows of.
      knowledge.doubt();
      return informed(() => sweepRuns(context));
    },
  };
}

/** UTF-16 units, near enough to bytes for a bound that is far from any hard limit. */
function writeBytes(write: RunWrite): number {
  switch (write.kind) {
    case "begin":
      return write.inputJson.length;
    case "close":
    case "retry":
      return (write.result?.outputJson?.length ?? 0) + eventBytes(write.events);
    case "append_events":
    case "hand_over":
      return eventBytes(write.events);
    case "claim":
    case "put_back":
    case "extend":
    case "request_cancel":
      return 0;
    default:
      return write satisfies never;
  }
}

function eventBytes(events: readonly AttemptEvent[]): number {
  return events.reduce((bytes, { dataJson }) => bytes + dataJson.length, 0);
}
