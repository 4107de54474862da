import { MAX_WAKE_DELAY_S } from "../contract/limits.ts";
import { describeError, log } from "../log.ts";

/** A queue message: somebody should call `claim` of this agent's coordinator. */
export interface Wake {
  agent: string;
}

/** Puts a wake into the queue. Never throws: a wake that is lost is made up for by the sweep. */
export async function sendWake(queue: Queue<Wake>, agentName: string, delayMs: number): Promise<void> {
  const delaySeconds = Math.min(MAX_WAKE_DELAY_S, Math.max(0, Math.ceil(delayMs / 1_000)));
  try {
    await queue.send({ agent: agentName }, { delaySeconds });
  } catch (error) {
    log.warn("wake.lost", { agent: agentName, error: describeError(error) });
  }
}
