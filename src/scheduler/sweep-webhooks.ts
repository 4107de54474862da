import { MAX_SWEPT_WEBHOOKS, WEBHOOK_OVERDUE_MS } from "../contract/limits.ts";
import { sendWebhookWake } from "../coordinator/wake.ts";
import type { Env } from "../env.ts";
import { log } from "../log.ts";
import { readOverdueDeliveries } from "../store/webhook-tries.ts";

/** Sends the messages again of deliveries that nobody has tried although they were due: theirs must be lost. */
export async function sweepWebhooks(env: Env, atMs: number): Promise<void> {
  const overdue = await readOverdueDeliveries(env.DB, atMs - WEBHOOK_OVERDUE_MS, MAX_SWEPT_WEBHOOKS);
  if (overdue.length === 0) return;
  await Promise.all(overdue.map((told) => sendWebhookWake(env.RUN_QUEUE, told, 0)));
  log.info("sweep.webhooks", { sent: overdue.length });
}
