import type { Now } from "../clock.ts";
import { LEASE_GRACE_MS, MAX_PENDING_WRITES, MAX_SWEPT_RUNS, RETRY_AFTER_S } from "../contract/limits.ts";
import type { Problem } from "../contract/problems.ts";
import { refuseAdmission } from "../core/admission.ts";
import { describeError, log } from "../log.ts";
import { readExpiredAttempts, readRunningIds } from "../store/live-runs.ts";
import {
  type BegunRow,
  commitRunWrites,
  type RunWrite,
  type RunWriteResult,
  readByRequestKey,
} from "../store/run-writes.ts";
import { StorageError } from "../store/storage.ts";
import { createGroupCommit } from "./group-commit.ts";
import type {
  BeginOutcome,
  BeginRequest,
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
   * Admits a run and inserts its row. On `started` the row is durable and `runId` is that row's own id; the
   * caller must execute the attempt and then `finish` it. Safe to repeat. Problems: `agent_at_limit`,
   * `overloaded`, `idempotency_mismatch`, `storage_unavailable` (there may then be a row, which the sweep closes).
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
      if (refusal === null) return slots.enter(() => insert(request), startedRunId);
      const earlier = request.fingerprint === null ? null : await readByRequestKey(db, request.requestKey);
      return earlier === null ? { ok: false, problem: refusal } : outcomeFor(request, earlier);
    });
  }

  async function insert(request: BeginRequest): Promise<BeginOutcome> {
    const startedAtMs = nowMs();
    const { requestKey, fingerprint, leaseKey, framework, inputJson } = request;
    const begun = await writes.submit({
      kind: "begin",
      agentName,
      requestKey,
      fingerprint,
      leaseKey,
      framework,
      inputJson,
      startedAtMs,
      leaseExpiresAtMs: startedAtMs + request.timeoutMs + LEASE_GRACE_MS,
    });
    if (begun.kind !== "began") throw new Error(`a begin was answered as ${begun.kind}`);
    return outcomeFor(request, begun.row);
  }

  /** What a request gets of the run that its key names: the attempt, if it is this executor's, or a place beside it. */
  function outcomeFor(request: BeginRequest, row: BegunRow): BeginOutcome {
    const { runId, attempt, startedAtMs } = row;
    if (row.leaseKey === request.leaseKey && row.status === "running") {
      log.info("run.started", { run_id: runId, agent: agentName, attempt });
      return { ok: true, kind: "started", runId, attempt, startedAtMs };
    }
    if (row.fingerprint !== request.fingerprint) return { ok: false, problem: idempotencyMismatch(runId) };
    return { ok: true, kind: "joined", runId };
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

function startedRunId(outcome: BeginOutcome): number | null {
  return outcome.ok && outcome.kind === "started" ? outcome.runId : null;
}

function idempotencyMismatch(runId: number): Problem {
  return {
    code: "idempotency_mismatch",
    detail: `Run ${runId} was started under this Idempotency-Key with another request. Use a new key for a new request.`,
  };
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
