import { MAX_WAKE_DELAY_S } from "../contract/limits.ts";
import { describeError, log } from "../log.ts";
import type { Told } from "../store/webhook-tries.ts";

/**
 * A queue message, which is only a reason to look: somebody should call `claim` of an agent's coordinator, or try to
 * deliver a webhook, or do what is due of some jobs.
 */
export type Wake =
  | { kind: "claim"; agent: string }
  | { kind: "webhook"; runId: number }
  | { kind: "budget_webhook"; warningId: number }
  | { kind: "jobs"; jobIds: readonly string[] };

/** Puts a wake into the queue. Never throws: a wake that is lost is made up for by the sweep. */
export function sendWake(queue: Queue<Wake>, agentName: string, delayMs: number): Promise<void> {
  return send(queue, { kind: "claim", agent: agentName }, delayMs);
}

/** The same for a webhook. */
export function sendWebhookWake(queue: Queue<Wake>, { kind, id }: Told, delayMs: number): Promise<void> {
  const wake: Wake = kind === "run" ? { kind: "webhook", runId: id } : { kind: "budget_webhook", warningId: id };
  return send(queue, wake, delayMs);
}

/** The webhook that a wake is about, if it is about one. */
export function toldBy(wake: Wake): Told | null {
  if (wake.kind === "webhook") return { kind: "run", id: wake.runId };
  return wake.kind === "budget_webhook" ? { kind: "budget_warning", id: wake.warningId } : null;
}

/** The same for jobs, which a later tick finds again. */
export function sendJobsWake(queue: Queue<Wake>, jobIds: readonly string[]): Promise<void> {
  return send(queue, { kind: "jobs", jobIds }, 0);
}

async function send(queue: Queue<Wake>, wake: Wake, delayMs: number): Promise<void> {
  const delaySeconds = Math.min(MAX_WAKE_DELAY_S, Math.max(0, Math.ceil(delayMs / 1_000)));
  try {
    await queue.send(wake, { delaySeconds });
  } catch (error) {
    log.warn("wake.lost", { ...wake, error: describeError(error) });
  }
}
