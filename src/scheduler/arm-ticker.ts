import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";

/** Has the ticker tick at an instant. Never throws: without it the next minute does. */
export async function armTicker(env: Env, atMs: number): Promise<void> {
  try {
    await env.TICKER.getByName("ticker").arm(atMs);
  } catch (error) {
    log.warn("ticker.not_armed", { error: describeError(error) });
  }
}
