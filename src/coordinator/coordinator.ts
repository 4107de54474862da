import type { Now } from "../clock.ts";
import { LEASE_GRACE_MS, MAX_PENDING_WRITES, MAX_SWEPT_RUNS, RETRY_AFTER_S } from "../contract/limits.ts";
import type { Problem } from "../contract/problems.ts";
import { refuseAdmission } from "../core/admission.ts";
import { describeError, log } from "../log.ts";
import { readExpiredAttempts, readRunningIds } from "../store/live-runs.ts";
import { commitRunWrites, type RunWrite, type RunWriteResult } from "../store/run-writes.ts";
import { StorageError } from "../store/storage.ts";
import { createGroupCommit } from "./group-commit.ts";
import type {
  BeginOutcome,
  BeginRequest,
  BegunRun,
  Coordinator,
  FinishOutcome,
  FinishRequest,
  SweepOutcome,
} from "./protocol.ts";
import { createSlots } from "./slots.ts";

const INTERRUPTED = "The executor of this attempt vanished before it recorded a result.";

const STORAGE_UNAVAILABLE: Problem = {
  code: "storage_unavailable",
  detail: "The run history cannot be written just now.",
  retryAfterS: RETRY_AFTER_S,
};

/**
 * The lock of one agent: admits its runs, and is the only writer of their rows. It never runs agent code and
 * never waits for it, so it answers at once however long an agent works.
 */
export function createCoordinator(options: {
  agentName: string;
  db: D1Database;
  nowMs: Now;
  randomKey(): string;
  randomFraction(): number;
}): Coordinator {
  const { agentName, db, nowMs } = options;
  const slots = createSlots(() => readRunningIds(db, agentName));
  const writes = createGroupCommit<RunWrite, RunWriteResult>({
    commit: (group) => commitRunWrites(db, group, options.randomKey()),
    bytesOf: writeBytes,
    randomFraction: options.randomFraction,
  });

  /**
   * Admits a run and inserts its row. On `ok` the row is durable and `runId` is that row's own id; the caller
   * must execute the attempt and then `finish` it. Safe to repeat. Problems: `agent_at_limit`, `overloaded`,
   * `storage_unavailable` (there may then be a row, which the sweep closes).
   */
  function begin(request: BeginRequest): Promise<BeginOutcome> {
    return orUnavailable(async () => {
      await slots.known();
      // No await from here to `enter`: what is counted must still be true when the slot is taken.
      const load = { active: slots.inUse(), pendingWrites: writes.pending() };
      const refusal = refuseAdmission(load, {
        concurrency: request.concurrency,
        maxPendingWrites: MAX_PENDING_WRITES,
        retryAfterS: RETRY_AFTER_S,
      });
      return refusal === null ? slots.enter(() => insert(request)) : { ok: false, problem: refusal };
    });
  }

  async function insert(request: BeginRequest): Promise<BegunRun> {
    const startedAtMs = nowMs();
    const begun = await writes.submit({
      kind: "begin",
      requestKey: request.requestKey,
      agentName,
      framework: request.framework,
      inputJson: request.inputJson,
      startedAtMs,
      leaseExpiresAtMs: startedAtMs + request.timeoutMs + LEASE_GRACE_MS,
    });
    if (begun.kind !== "began") throw new Error(`a begin was answered as ${begun.kind}`);
    if (begun.status !== "running") throw new StorageError(`run ${begun.runId} is already ${begun.status}`);
    log.info("run.started", { run_id: begun.runId, agent: agentName, attempt: begun.attempt });
    return { ok: true, runId: begun.runId, attempt: begun.attempt, startedAtMs: begun.startedAtMs };
  }

  /**
   * Records an attempt's result and adds it to the agent's usage, in one transaction, if the run is still this
   * attempt's. Durable on `ok`. Safe to repeat. Problems: `storage_unavailable`.
   */
  function finish(request: FinishRequest): Promise<FinishOutcome> {
    return orUnavailable(async () => {
      const completedAtMs = nowMs();
      const changed = await close({ kind: "finish", completedAtMs, ...request });
      if (!changed) return { ok: true, recorded: false };
      const { runId, status, attempt, durationMs, error } = request;
      log.info("run.finished", { run_id: runId, agent: agentName, status, attempt, duration_ms: durationMs, error });
      return { ok: true, recorded: true, completedAtMs };
    });
  }

  /** Closes attempts whose lease has run out as `interrupted`. Safe to repeat. Problems: `storage_unavailable`. */
  function closeExpired(): Promise<SweepOutcome> {
    return orUnavailable(async () => {
      const atMs = nowMs();
      const expired = await readExpiredAttempts(db, { agentName, atMs, limit: MAX_SWEPT_RUNS });
      const closed = await Promise.all(expired.map(({ id, attempt }) => interrupt(id, attempt, atMs)));
      return { ok: true, interrupted: closed.filter((changed) => changed).length };
    });
  }

  async function interrupt(runId: number, attempt: number, completedAtMs: number): Promise<boolean> {
    const changed = await close({ kind: "interrupt", runId, attempt, error: INTERRUPTED, completedAtMs });
    if (changed) log.warn("run.interrupted", { run_id: runId, agent: agentName, attempt });
    return changed;
  }

  /** Whether this very write closed the run. */
  async function close(write: Exclude<RunWrite, { kind: "begin" }>): Promise<boolean> {
    await slots.known();
    const result = await slots.leave(write.runId, () => writes.submit(write));
    return result.kind === "closed" && result.changed;
  }

  /** Storage that is away is an expected outcome, and a value; anything else is a bug, and throws. */
  async function orUnavailable<Outcome>(
    work: () => Promise<Outcome>,
  ): Promise<Outcome | { ok: false; problem: Problem }> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      slots.doubt();
      log.error("storage.unavailable", { agent: agentName, error: describeError(error) });
      return { ok: false, problem: STORAGE_UNAVAILABLE };
    }
  }

  return { begin, finish, closeExpired };
}

/** UTF-16 units, near enough to bytes for a bound that is far from any hard limit. */
function writeBytes(write: RunWrite): number {
  switch (write.kind) {
    case "begin":
      return write.inputJson.length;
    case "finish":
      return (write.outputJson?.length ?? 0) + write.metadataJson.length;
    case "interrupt":
      return write.error.length;
    default:
      return write satisfies never;
  }
}
