import type { RunStatus } from "../contract/run.ts";
import type { AttemptEvent } from "../contract/run-event.ts";
import { log } from "../log.ts";
import type { LiveRun } from "../store/live-runs.ts";
import type { AttemptResult } from "../store/run-write.ts";
import type { CoordinatorContext } from "./context.ts";
import { tellOfJob, tellOfRun } from "./tell-of-run.ts";

type TerminalStatus = Exclude<RunStatus, "queued" | "running">;

/** What an attempt that ended leaves, and whether it counts only if its executor had vanished. */
export interface Ended {
  result: AttemptResult | null;
  events: readonly AttemptEvent[];
  ifLeaseExpiredByMs: number | null;
}

const NOTHING: Ended = { result: null, events: [], ifLeaseExpiredByMs: null };

const ENDED = {
  completed: "completed",
  failed: "failed",
  cancelled: "was cancelled",
  timed_out: "timed out",
  interrupted: "was interrupted",
} as const satisfies Record<TerminalStatus, string>;

/** Ends a live run and frees its slot. Answers when it ended, or null if it was not this write that ended it. */
export async function closeRun(
  context: CoordinatorContext,
  { runId, attempt, status: from, policy }: Pick<LiveRun, "runId" | "attempt" | "status" | "policy">,
  status: TerminalStatus,
  error: string | null,
  ended: Ended = NOTHING,
): Promise<number | null> {
  const completedAtMs = context.nowMs();
  const hasWebhook = policy.webhookUrl !== null;
  const settles = policy.reservation !== null;
  const marks = { completedAtMs, hasWebhook, settles };
  const write = { kind: "close", runId, attempt, from, status, error, ...marks, ...ended } as const;
  const changed = await change(context, runId, write);
  // Also if nothing changed: that may be the repeat of a close whose reply was lost.
  if (hasWebhook) context.wakeWebhook({ kind: "run", id: runId });
  if (!changed) return null;
  const fields = {
    run_id: runId,
    agent: context.agentName,
    status,
    attempt,
    duration_ms: ended.result?.durationMs,
    error,
  };
  log.info("run.finished", fields);
  const costMicrousd = ended.result?.costMicrousd ?? 0;
  const reservedMicrousd = policy.reservation?.microusd ?? costMicrousd;
  if (costMicrousd > reservedMicrousd) {
    log.warn("budget.underestimated", { run_id: runId, agent: context.agentName, costMicrousd, reservedMicrousd });
  }
  freeSlot(context, runId);
  tellOfRun(context, { runId, attempt, runStatus: status, message: `Run ${runId} ${ENDED[status]}.` });
  if (policy.job !== null)
    tellOfJob(context, policy.job, { runId, status, durationMs: ended.result?.durationMs ?? null });
  return completedAtMs;
}

/** Ends a running attempt and queues the next. Answers whether it was this write that did. */
export async function retryRun(
  context: CoordinatorContext,
  run: LiveRun,
  next: { end: TerminalStatus; delayMs: number; error: string | null },
  ended: Ended,
): Promise<number | null> {
  const { runId, attempt, policy } = run;
  const endedAtMs = context.nowMs();
  const availableAtMs = endedAtMs + next.delayMs;
  const queueExpiresAtMs = availableAtMs + policy.queueTtlMs;
  const { end, error } = next;
  const times = { endedAtMs, availableAtMs, queueExpiresAtMs };
  const write = { kind: "retry", runId, attempt, end, error, ...times, ...ended } as const;
  const changed = await change(context, runId, write);
  if (!changed) return null;
  const waiting = { status: "queued", attempt: attempt + 1, availableAtMs, queueExpiresAtMs, leaseKey: null } as const;
  context.knowledge.set({ ...run, ...waiting, handedOver: false });
  log.info("run.retrying", { run_id: runId, agent: context.agentName, attempt, delay_ms: next.delayMs, error });
  tellOfRun(context, {
    runId,
    attempt: attempt + 1,
    runStatus: "queued",
    message: `Run ${runId} ${ENDED[end]} and will be tried again.`,
  });
  context.wake(next.delayMs);
  wakeForSlot(context, runId);
  return availableAtMs;
}

async function change(
  { knowledge, write, wake }: CoordinatorContext,
  runId: number,
  change: Parameters<CoordinatorContext["write"]>[0],
): Promise<boolean> {
  const result = await knowledge.move(runId, () => write(change));
  if (result.kind === "changed" && result.changed) return true;
  // Either the run is not what it was thought to be, or D1 lost its reply to this very write and answered the
  // repeat: without a new look its slot would be held for ever. A wake, since it may have been freed.
  knowledge.doubt();
  if (knowledge.queued() > 0) wake(0);
  return false;
}

function freeSlot(context: CoordinatorContext, runId: number): void {
  context.knowledge.forget(runId);
  wakeForSlot(context, runId);
}

/** A slot that a run gives back starts the next run that waits for one. */
export function wakeForSlot({ knowledge, nowMs, wake }: CoordinatorContext, ofRunId: number | null): void {
  const [next] = knowledge.due(nowMs());
  if (next !== undefined && next.runId !== ofRunId) wake(0);
}
