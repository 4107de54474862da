import type { RunWebhook } from "../contract/run.ts";
import { storage } from "./storage.ts";

/** One row for each of these runs that asked for a webhook and that this very transaction closed: see ROLL_UP_USAGE. */
export const INSERT_DELIVERIES = `
  INSERT INTO webhook_deliveries (run_id, webhook_id, url, status, next_attempt_at, created_at, updated_at)
  SELECT id, 'msg_' || replace(finish_key, '-', '') || '_' || id, json_extract(policy, '$.webhookUrl'), 'pending',
         completed_at, completed_at, completed_at
    FROM agent_runs
   WHERE id IN (SELECT value FROM json_each(?1)) AND finish_key = ?2 AND json_extract(policy, '$.webhookUrl') IS NOT NULL`;

/** The array has the wait after each try, and so as many items as there may be tries. */
export const CLAIM_TRY = `
  UPDATE webhook_deliveries
     SET attempts = attempts + 1, updated_at = ?2,
         next_attempt_at = ?2 + (SELECT delay.value FROM json_each(?4) AS delay WHERE delay.key = attempts)
   WHERE run_id = ?1 AND status = 'pending' AND next_attempt_at <= ?3 AND attempts < json_array_length(?4)
  RETURNING webhook_id AS webhookId, url, attempts, next_attempt_at AS nextAttemptAtMs`;

/** A last try that nobody recorded: whether it arrived is not known. */
export const GIVE_UP = `
  UPDATE webhook_deliveries
     SET status = 'failed', next_attempt_at = NULL, updated_at = ?2,
         last_status = NULL, last_error = 'The outcome of the last try was not recorded.'
   WHERE run_id = ?1 AND status = 'pending' AND next_attempt_at <= ?3 AND attempts >= json_array_length(?4)`;

/** What arrived has arrived, also if another try was claimed since; any other outcome belongs to its own try. */
export const RECORD_TRY = `
  UPDATE webhook_deliveries
     SET status = ?3, next_attempt_at = ?4, last_status = ?5, last_error = ?6, last_duration_ms = ?7, updated_at = ?8
   WHERE run_id = ?1 AND status = 'pending' AND (attempts = ?2 OR ?3 = 'delivered')`;

export const RESTART_DELIVERY = `
  UPDATE webhook_deliveries SET status = 'pending', attempts = 0, next_attempt_at = ?2, updated_at = ?2
   WHERE run_id = ?1 AND status <> 'pending'`;

export const SELECT_OVERDUE_DELIVERIES = `
  SELECT run_id FROM webhook_deliveries
   WHERE status = 'pending' AND next_attempt_at <= ?1 ORDER BY next_attempt_at LIMIT ?2`;

export const SELECT_RUN_WEBHOOK = `
  SELECT json_extract(run.policy, '$.webhookUrl') AS url, coalesce(delivery.status, 'waiting') AS status,
         coalesce(delivery.attempts, 0) AS attempts, delivery.last_status, delivery.last_error,
         delivery.next_attempt_at
    FROM agent_runs AS run LEFT JOIN webhook_deliveries AS delivery ON delivery.run_id = run.id
   WHERE run.id = ?1 AND json_extract(run.policy, '$.webhookUrl') IS NOT NULL`;

export interface ClaimedTry {
  kind: "claimed";
  webhookId: string;
  url: string;
  /** This one included: 1 for the first. */
  attempts: number;
  /** When another may follow if nobody records this one. */
  nextAttemptAtMs: number;
}

export interface RecordedTry {
  runId: number;
  attempts: number;
  status: "pending" | "delivered" | "failed";
  /** Of a pending one. */
  nextAttemptAtMs: number | null;
  /** Of HTTP; null where there was no answer. */
  lastStatus: number | null;
  lastError: string | null;
  durationMs: number;
  atMs: number;
}

export interface RunWebhookRow extends Omit<RunWebhook, "next_attempt_at"> {
  next_attempt_at: number | null;
}

/** `nothing`: no try is due. `gave_up`: the last one is long past, and nobody has recorded it. */
export type ClaimTryOutcome = ClaimedTry | { kind: "nothing" | "gave_up" };

/**
 * Takes the next try of a run's delivery for the caller alone. The one after it is set before it is made, so a caller
 * that vanishes costs one try; so does a claim whose reply is lost.
 */
export async function claimTry(
  db: D1Database,
  claim: { runId: number; atMs: number; dueByMs: number; delaysMs: readonly number[] },
): Promise<ClaimTryOutcome> {
  const values = [claim.runId, claim.atMs, claim.dueByMs, JSON.stringify(claim.delaysMs)];
  const [gaveUp, claimed] = await storage("claim a try of a webhook", () =>
    db.batch<Omit<ClaimedTry, "kind">>([GIVE_UP, CLAIM_TRY].map((sql) => db.prepare(sql).bind(...values))),
  );
  const row = claimed?.results[0];
  if (row !== undefined) return { kind: "claimed", ...row };
  return { kind: gaveUp?.meta.changes === 1 ? "gave_up" : "nothing" };
}

/** Safe to repeat. */
export async function recordTry(db: D1Database, tried: RecordedTry): Promise<void> {
  const { runId, attempts, status, nextAttemptAtMs, lastStatus, lastError, durationMs, atMs } = tried;
  await storage("record a try of a webhook", () =>
    db
      .prepare(RECORD_TRY)
      .bind(runId, attempts, status, nextAttemptAtMs, lastStatus, lastError, durationMs, atMs)
      .run(),
  );
}

/** Starts a delivery that has ended over again, under its own id. Answers whether it was this write that did. */
export async function restartDelivery(db: D1Database, runId: number, atMs: number): Promise<boolean> {
  const result = await storage("restart a webhook", () => db.prepare(RESTART_DELIVERY).bind(runId, atMs).run());
  return result.meta.changes === 1;
}

/** The runs of deliveries that were due by then, those longest overdue first. */
export async function readOverdueDeliveries(db: D1Database, dueByMs: number, limit: number): Promise<number[]> {
  const { results } = await storage("read overdue webhooks", () =>
    db.prepare(SELECT_OVERDUE_DELIVERIES).bind(dueByMs, limit).all<{ run_id: number }>(),
  );
  return results.map((row) => row.run_id);
}

/** What has become of the webhook that a run asked for; null if it asked for none. */
export async function readRunWebhook(db: D1Database, runId: number): Promise<RunWebhookRow | null> {
  return storage("read a run's webhook", () => db.prepare(SELECT_RUN_WEBHOOK).bind(runId).first<RunWebhookRow>());
}
