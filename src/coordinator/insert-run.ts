import type { Reservation } from "../contract/budget.ts";
import { LEASE_MS, MAX_BUDGET_LOOKS, RETRY_AFTER_S } from "../contract/limits.ts";
import type { Problem } from "../contract/problems.ts";
import { RunPolicy } from "../contract/run-policy.ts";
import { describeExceeded, exceeded, reservationFor } from "../core/reserve.ts";
import { log } from "../log.ts";
import { readSharedBudget, readTaken } from "../store/budgets.ts";
import type { BeginWrite, BegunRow } from "../store/run-write.ts";
import type { CoordinatorContext } from "./context.ts";
import type { BeginRequest, Refusal } from "./protocol.ts";

/** The run's row, and what it was accepted under. */
export type Inserted = { ok: true; row: BegunRow; policy: RunPolicy } | Refusal;

const BUDGETS_MOVE: Problem = {
  code: "overloaded",
  detail: "The budgets changed each time the run was to begin.",
  retryAfterS: RETRY_AFTER_S,
};

/**
 * Inserts a run's row together with its reservation of every budget, or finds the row that its key names. Refused
 * where a budget has no room: D1 judges that, in the transaction that inserts; here it is only found out which.
 */
export async function insertRun(
  context: CoordinatorContext,
  request: BeginRequest,
  status: "queued" | "running",
  createdAtMs: number,
): Promise<Inserted> {
  const { agentName, knowledge, budgets } = context;
  for (let looks = 1; looks <= MAX_BUDGET_LOOKS; looks++) {
    const { version, budget: shared } = knowledge.sharedBudget();
    const reservation = reservationFor({ agentName, budget: request.budget ?? null, shared }, createdAtMs, budgets);
    const policy = { ...request.policy, reservation };
    const write = beginWrite(context, request, { status, createdAtMs, policy, sharedBudgetVersion: version });
    const begun = await context.write(write);
    if (begun.kind === "began") {
      const { row } = begun;
      return { ok: true, row, policy: row.made ? policy : storedPolicy(row) };
    }
    if (begun.kind !== "refused") throw new Error(`a begin was answered as ${begun.kind}`);
    const problem = await whyRefused(context, reservation, version);
    if (problem !== null) return { ok: false, problem };
  }
  return { ok: false, problem: BUDGETS_MOVE };
}

/** An earlier try may have inserted the run under budgets that were others. */
export function storedPolicy(row: BegunRow): RunPolicy {
  return RunPolicy.parse(JSON.parse(row.policyJson));
}

/** Null: what refused the run is no longer so, and it may be tried again. */
async function whyRefused(
  { agentName, db, knowledge, nowMs }: CoordinatorContext,
  reservation: Reservation | null,
  sharedVersion: number,
): Promise<Problem | null> {
  const [shared, taken] = await Promise.all([readSharedBudget(db), readTaken(db, reservation?.periods ?? [])]);
  knowledge.learnSharedBudget(shared);
  if (shared.version !== sharedVersion || reservation === null) return null;
  const { microusd } = reservation;
  const full = exceeded(taken, microusd);
  if (full === null) return null;
  const { scope, period, limitMicrousd, takenMicrousd, endsAtMs } = full;
  log.info("budget.exceeded", { agent: agentName, scope, period, limitMicrousd, takenMicrousd, microusd });
  const retryAfterS = Math.max(1, Math.ceil((endsAtMs - nowMs()) / 1_000));
  return { code: "budget_exceeded", detail: describeExceeded(full, microusd), retryAfterS };
}

function beginWrite(
  { agentName }: CoordinatorContext,
  request: BeginRequest,
  of: Pick<BeginWrite, "status" | "createdAtMs" | "sharedBudgetVersion"> & { policy: RunPolicy },
): BeginWrite {
  const { requestKey, fingerprint, leaseKey, agentVersion, framework, inputJson, trigger, replayOf, priority } =
    request;
  const { status, createdAtMs, sharedBudgetVersion, policy } = of;
  const availableAtMs = Math.max(createdAtMs, request.availableAtMs ?? 0);
  return {
    kind: "begin",
    agentName,
    agentVersion,
    status,
    requestKey,
    fingerprint,
    leaseKey,
    framework,
    inputJson,
    trigger,
    replayOf,
    policyJson: JSON.stringify(policy),
    reserves: policy.reservation !== null,
    sharedBudgetVersion,
    priority,
    createdAtMs,
    leaseExpiresAtMs: status === "running" ? createdAtMs + LEASE_MS : null,
    availableAtMs: status === "queued" ? availableAtMs : null,
    queueExpiresAtMs: status === "queued" ? availableAtMs + policy.queueTtlMs : null,
  };
}
