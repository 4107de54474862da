import pMap from "p-map";
import { nowMs } from "../clock.ts";
import { MAX_CONCURRENT_WEBHOOKS } from "../contract/limits.ts";
import { sendWebhookWake } from "../coordinator/wake.ts";
import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import { randomFraction } from "../random.ts";
import type { Told } from "../store/webhook-tries.ts";
import { readWebhookUrl } from "./choose-webhook.ts";
import { deliverWebhook, named } from "./deliver-webhook.ts";
import { signingKey } from "./signature.ts";

/** Makes a try of each of these deliveries that is due. Never throws: what fails here is found again by the sweep. */
export async function deliverWebhooks(deliveries: readonly Told[], env: Env): Promise<void> {
  const tools = {
    db: env.DB,
    key: signingKey(env.WEBHOOK_SECRET),
    readUrl: (text: string) => readWebhookUrl(text, env),
    fetch: (url: string, init: RequestInit) => fetch(url, init),
    nowMs,
    randomFraction,
  };
  await pMap(
    deliveries,
    async (told) => {
      try {
        const wake = (delayMs: number) => sendWebhookWake(env.RUN_QUEUE, told, delayMs);
        await deliverWebhook(told, { ...tools, wake });
      } catch (error) {
        log.warn("webhook.unrecorded", { ...named(told), error: describeError(error) });
      }
    },
    { concurrency: MAX_CONCURRENT_WEBHOOKS },
  );
}
