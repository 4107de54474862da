import type { RunWebhook } from "../contract/run-webhook.ts";
import { storage } from "./storage.ts";

/** One row for each of these runs that asked for a webhook and that this very transaction closed: see ROLL_UP_USAGE. */
export const INSERT_DELIVERIES = `
  INSERT INTO webhook_deliveries (run_id, webhook_id, url, status, next_attempt_at, created_at, updated_at)
  SELECT id, 'msg_' || replace(finish_key, '-', '') || '_' || id, json_extract(policy, '$.webhookUrl'), 'pending',
         completed_at, completed_at, completed_at
    FROM agent_runs
   WHERE id IN (SELECT value FROM json_each(?1)) AND finish_key = ?2 AND json_extract(policy, '$.webhookUrl') IS NOT NULL`;

export const RESTART_DELIVERY = `
  UPDATE webhook_deliveries SET status = 'pending', attempts = 0, next_attempt_at = ?2, updated_at = ?2
   WHERE run_id = ?1 AND status <> 'pending'`;

export const SELECT_RUN_WEBHOOK = `
  SELECT json_extract(run.policy, '$.webhookUrl') AS url, coalesce(delivery.status, 'waiting') AS status,
         coalesce(delivery.attempts, 0) AS attempts, delivery.last_status, delivery.last_error,
         delivery.next_attempt_at
    FROM agent_runs AS run LEFT JOIN webhook_deliveries AS delivery ON delivery.run_id = run.id
   WHERE run.id = ?1 AND json_extract(run.policy, '$.webhookUrl') IS NOT NULL`;

export interface RunWebhookRow extends Omit<RunWebhook, "next_attempt_at"> {
  next_attempt_at: number | null;
}

/** Starts a delivery that has ended over again, under its own id. Answers whether it was this write that did. */
export async function restartDelivery(db: D1Database, runId: number, atMs: number): Promise<boolean> {
  const result = await storage("restart a webhook", () => db.prepare(RESTART_DELIVERY).bind(runId, atMs).run());
  return result.meta.changes === 1;
}

/** What has become of the webhook that a run asked for; null if it asked for none. */
export async function readRunWebhook(db: D1Database, runId: number): Promise<RunWebhookRow | null> {
  return storage("read a run's webhook", () => db.prepare(SELECT_RUN_WEBHOOK).bind(runId).first<RunWebhookRow>());
}
