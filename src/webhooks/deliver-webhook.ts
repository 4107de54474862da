import { type Now, sleep } from "../clock.ts";
import { MAX_WEBHOOK_ERROR_CHARS, WEBHOOK_CLOCK_SKEW_MS, WEBHOOK_DEADLINE_MS } from "../contract/limits.ts";
import { backoffMs } from "../core/backoff.ts";
import { afterTry, readRetryAfter, type TryAnswer, webhookDelaysMs } from "../core/webhook-retry.ts";
import { log } from "../log.ts";
import { type ClaimedTry, claimTry, type RecordedTry, recordTry, type Told } from "../store/webhook-tries.ts";
import { signature } from "./signature.ts";
import { type WebhookEvent, webhookEvent } from "./webhook-event.ts";

export interface DeliveryTools {
  db: D1Database;
  /** What to sign with; null if there is nothing any more. */
  key: Uint8Array | null;
  /** The URL as it is asked for, or why nothing may be sent there. */
  readUrl: (text: string) => URL | string;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  nowMs: Now;
  randomFraction(): number;
  /** Has `deliverWebhook` called again after so long. May be lost: the sweep makes up for it. */
  wake(delayMs: number): Promise<void>;
}

const USER_AGENT = "AgentRuns-Webhook/1.0";
const MAX_RECORD_TRIES = 3;
const RECORD_BACKOFF = { minDelayMs: 200, maxDelayMs: 2_000, factor: 4 };

/**
 * Makes the next try of a delivery, if it is due and nobody else makes it, and records what came of it. At
 * least once: a try whose outcome could not be recorded is repeated, under the same webhook-id. Throws a StorageError.
 */
export async function deliverWebhook(told: Told, tools: DeliveryTools): Promise<void> {
  const { db, nowMs } = tools;
  const startedAtMs = nowMs();
  const dueByMs = startedAtMs + WEBHOOK_CLOCK_SKEW_MS;
  const delaysMs = webhookDelaysMs(tools.randomFraction);
  const claimed = await claimTry(db, { told, atMs: startedAtMs, dueByMs, delaysMs });
  if (claimed.kind === "gave_up")
    log.warn("webhook.failed", { ...named(told), error: "its last try was not recorded" });
  if (claimed.kind !== "claimed") return;
  const answer = await attempt(claimed, await webhookEvent(db, told), tools);

  const { attempts, nextAttemptAtMs } = claimed;
  const atMs = nowMs();
  const next = afterTry(answer, { attempts, nextAttemptAtMs, atMs });
  const againAtMs = next.status === "pending" ? next.nextAttemptAtMs : null;
  const durationMs = atMs - startedAtMs;
  const { status: lastStatus, error: lastError } = answer;
  const fields = { ...named(told), attempts, status: lastStatus, error: lastError, duration_ms: durationMs };
  log.info(`webhook.${next.status}`, fields);
  const tried = { told, attempts, status: next.status, lastStatus, lastError, durationMs, atMs };
  await recordPatiently({ ...tried, nextAttemptAtMs: againAtMs }, tools);
  if (againAtMs !== null) await tools.wake(againAtMs - atMs);
}

/** What is not recorded is sent again, so it is worth another try or two. */
async function recordPatiently(tried: RecordedTry, { db, randomFraction }: DeliveryTools): Promise<void> {
  for (let failures = 1; ; failures++) {
    try {
      return await recordTry(db, tried);
    } catch (error) {
      if (failures === MAX_RECORD_TRIES) throw error;
      await sleep(backoffMs(RECORD_BACKOFF, failures, randomFraction()));
    }
  }
}

/** What a log line calls it by. */
export function named({ kind, id }: Told): { run_id: number } | { budget_warning_id: number } {
  return kind === "run" ? { run_id: id } : { budget_warning_id: id };
}

async function attempt(claimed: ClaimedTry, event: WebhookEvent | null, tools: DeliveryTools): Promise<TryAnswer> {
  if (event === null) return { ...NO_ANSWER, error: "What it tells of is not stored any more.", final: true };
  if (tools.key === null) return { ...NO_ANSWER, error: "WEBHOOK_SECRET is not set any more." };
  const url = tools.readUrl(claimed.url);
  if (typeof url === "string") return { ...NO_ANSWER, error: `The URL may not be used any more: ${url}`, final: true };
  const body = JSON.stringify(event);
  const timestampS = Math.floor(tools.nowMs() / 1_000);
  const headers = {
    "Content-Type": "application/json",
    "User-Agent": USER_AGENT,
    "webhook-id": claimed.webhookId,
    "webhook-timestamp": String(timestampS),
    "webhook-signature": await signature(tools.key, { id: claimed.webhookId, timestampS, body }),
  };
  return send(url, { method: "POST", headers, body }, tools);
}

async function send(url: URL, init: RequestInit, { fetch, nowMs }: DeliveryTools): Promise<TryAnswer> {
  const signal = AbortSignal.timeout(WEBHOOK_DEADLINE_MS);
  try {
    // A redirect could lead to where no webhook may go; Standard Webhooks counts it as a failure.
    const response = await fetch(url.href, { ...init, redirect: "manual", signal });
    response.body?.cancel().catch(() => {}); // nobody reads it, and it would hold the connection
    const { status, ok } = response;
    const retryAfterMs = readRetryAfter(response.headers.get("Retry-After"), nowMs());
    return { status, error: ok ? null : refusal(status), retryAfterMs, final: status === GONE };
  } catch (error) {
    if (signal.aborted) return { ...NO_ANSWER, error: `No answer within ${WEBHOOK_DEADLINE_MS} ms.` };
    const cause = error instanceof Error ? error.message : String(error);
    return { ...NO_ANSWER, error: `No connection could be made: ${cause}`.slice(0, MAX_WEBHOOK_ERROR_CHARS) };
  }
}

function refusal(status: number): string {
  const redirects = status >= 300 && status < 400 ? " Redirects are not followed." : "";
  return `The receiver answered ${status}.${redirects}`;
}

const GONE = 410;
const NO_ANSWER: TryAnswer = { status: null, error: null, retryAfterMs: null, final: false };
