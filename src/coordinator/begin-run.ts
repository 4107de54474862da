import { MAX_PENDING_WRITES, RETRY_AFTER_S } from "../contract/limits.ts";
import type { Problem } from "../contract/problems.ts";
import { admit } from "../core/admission.ts";
import { log } from "../log.ts";
import type { BegunRow } from "../store/run-write.ts";
import { readByRequestKey } from "../store/run-writes.ts";
import { cancelOldest } from "./cancel-run.ts";
import { wakeForSlot } from "./close-run.ts";
import type { CoordinatorContext } from "./context.ts";
import { type Inserted, insertRun, storedPolicy } from "./insert-run.ts";
import type { BeginOutcome, BeginRequest } from "./protocol.ts";
import { resumeAttempt } from "./put-back.ts";
import { tellOfRun } from "./tell-of-run.ts";

/** Expected: whoever gets it reads the agent again, and makes the request of what it finds. */
const AGENT_CHANGED: Problem = {
  code: "agent_changed",
  detail: "The agent was changed while this was asked of it.",
  retryAfterS: 1,
};

/**
 * Admits a run and inserts its row, running or queued. On `started` and `queued` the row is durable and `runId` is
 * that row's own id; whoever gets `started` must execute the attempt and `finish` it.
 */
export async function beginRun(
  context: CoordinatorContext,
  pendingWrites: number,
  request: BeginRequest,
): Promise<BeginOutcome> {
  const { knowledge, nowMs } = context;
  // Whoever names a higher version has read it where it is stored.
  if (request.agentVersion > knowledge.version()) await knowledge.lookAgain(nowMs());
  if (request.agentVersion !== knowledge.version()) return { ok: false, problem: AGENT_CHANGED };
  const atMs = nowMs();
  const load = {
    running: knowledge.slotsInUse(),
    queued: knowledge.queued(),
    due: countUpTo(request.policy.concurrency, knowledge.due(atMs)),
    pendingWrites,
  };
  const limits = {
    concurrency: request.policy.concurrency,
    // Who starts later takes nobody's slot now, and there may be one by then.
    whenFull: (request.availableAtMs ?? 0) > atMs ? ("queue" as const) : request.whenFull,
    maxQueued: request.maxQueued,
    maxPendingWrites: MAX_PENDING_WRITES,
    retryAfterS: RETRY_AFTER_S,
  };
  const admission = admit(load, limits, request.mode);
  switch (admission.kind) {
    case "start":
    case "queue":
    case "displace":
      return insert(context, request, admission.kind, atMs);
    case "refuse": {
      // It may have its run, and with it the slot for which it would be refused.
      const mayHaveRun = request.fingerprint !== null || request.repeated === true;
      const earlier = mayHaveRun ? await readByRequestKey(context.db, request.requestKey) : null;
      return earlier === null ? { ok: false, problem: admission.problem } : outcomeFor(context, request, earlier);
    }
    default:
      return admission satisfies never;
  }
}

async function insert(
  context: CoordinatorContext,
  request: BeginRequest,
  kind: "start" | "queue" | "displace",
  createdAtMs: number,
): Promise<BeginOutcome> {
  const status = kind === "start" ? "running" : "queued";
  const leave = context.knowledge.enter(status);
  let inserted: Inserted | null = null;
  try {
    inserted = await insertRun(context, request, status, createdAtMs);
  } finally {
    leave();
    // Whoever was queued meanwhile found the slot taken.
    if (kind === "start" && !(inserted?.ok && inserted.row.made)) wakeForSlot(context, null);
  }
  if (!inserted.ok) return inserted;
  const outcome = await outcomeFor(context, request, inserted.row, inserted.policy);
  // Of a request that is repeated the first has made room, or there is none.
  if (kind === "displace" && inserted.row.made) await cancelOldest(context);
  return outcome;
}

/** What a request gets of the run that its key names: the attempt, if it is this executor's, or a place beside it. */
async function outcomeFor(
  context: CoordinatorContext,
  request: BeginRequest,
  row: BegunRow,
  policy = storedPolicy(row),
): Promise<BeginOutcome> {
  if (row.leaseKey !== request.leaseKey || row.attempt > 1) return joined(request, row);
  const { runId, attempt, createdAtMs } = row;
  const { leaseKey, priority } = request;
  const availableAtMs = Math.max(createdAtMs, request.availableAtMs ?? 0);
  const known = context.knowledge.get(runId);
  const cancelRequested = known?.cancelRequested ?? false;
  const run = { runId, attempt, priority, availableAtMs, policy, cancelRequested, handedOver: false };
  switch (row.status) {
    case "running": {
      const leaseExpiresAtMs = row.leaseExpiresAtMs ?? 0;
      const running = { ...run, status: "running", queueExpiresAtMs: 0, leaseKey, leaseExpiresAtMs } as const;
      if (!row.made || known?.status === "queued") {
        return (await resumeAttempt(context, running)) ?? waiting(context, request, row);
      }
      context.knowledge.set(running);
      log.info("run.started", { run_id: runId, agent: context.agentName, attempt });
      tellOfRun(context, { runId, attempt, runStatus: "running", message: `Run ${runId} started.` });
      const { timeoutMs } = policy;
      return { ok: true, kind: "started", runId, attempt, leaseKey, createdAtMs, startedAtMs: createdAtMs, timeoutMs };
    }
    case "queued": {
      if (!row.made && known !== undefined) return waiting(context, request, row); // and what is known is newer
      const queueExpiresAtMs = availableAtMs + policy.queueTtlMs;
      context.knowledge.set({ ...run, status: "queued", queueExpiresAtMs, leaseKey: null, leaseExpiresAtMs: 0 });
      log.info("run.queued", { run_id: runId, agent: context.agentName });
      tellOfRun(context, { runId, attempt, runStatus: "queued", message: `Run ${runId} waits for its turn.` });
      if (context.knowledge.slotsInUse() < policy.concurrency) context.wake(availableAtMs - context.nowMs());
      return { ok: true, kind: "queued", runId };
    }
    default:
      return joined(request, row);
  }
}

/** Of more than that many it makes no difference how many there are. */
function countUpTo(most: number, runs: Iterable<unknown>): number {
  let count = 0;
  for (const _run of runs) if (++count >= most) break;
  return count;
}

function waiting({ knowledge }: CoordinatorContext, request: BeginRequest, row: BegunRow): BeginOutcome {
  const { runId } = row;
  return knowledge.get(runId)?.status === "queued" ? { ok: true, kind: "queued", runId } : joined(request, row);
}

function joined(request: BeginRequest, row: BegunRow): BeginOutcome {
  if (row.fingerprint !== request.fingerprint) return { ok: false, problem: idempotencyMismatch(row.runId) };
  return { ok: true, kind: "joined", runId: row.runId };
}

function idempotencyMismatch(runId: number): Problem {
  return {
    code: "idempotency_mismatch",
    detail: `Run ${runId} was started under this Idempotency-Key with another request. Use a new key for a new request.`,
  };
}
