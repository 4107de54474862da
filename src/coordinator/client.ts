import { sleep, withDeadline } from "../clock.ts";
import { COORDINATOR_DEADLINE_MS, MAX_COORDINATOR_TRIES, RETRY_AFTER_S } from "../contract/limits.ts";
import type { Problem } from "../contract/problems.ts";
import { backoffMs } from "../core/backoff.ts";
import { describeError, log } from "../log.ts";
import { randomFraction } from "../random.ts";
import type { AgentCoordinator } from "./agent-coordinator.ts";
import type { Coordinator } from "./protocol.ts";

const BACKOFF = { minDelayMs: 50, maxDelayMs: 1_000, factor: 4 };

const UNAVAILABLE: Problem = {
  code: "coordinator_unavailable",
  detail: "The agent's coordinator does not answer just now.",
  retryAfterS: RETRY_AFTER_S,
};

/**
 * Calls an agent's coordinator. Every method of it is safe to repeat, so a call that throws or is late is
 * repeated, each time on a fresh stub: one whose object was reset stays broken. Never throws. After
 * `coordinator_unavailable`, what was asked may have been done all the same.
 */
export async function callCoordinator<Outcome>(
  namespace: DurableObjectNamespace<AgentCoordinator>,
  agentName: string,
  call: (coordinator: Coordinator, is: { repeated: boolean }) => Promise<Outcome>,
): Promise<Outcome | { ok: false; problem: Problem }> {
  for (let failures = 1; ; failures++) {
    try {
      return await withDeadline(
        call(namespace.getByName(agentName), { repeated: failures > 1 }),
        COORDINATOR_DEADLINE_MS,
        () => new Error(`no answer within ${COORDINATOR_DEADLINE_MS} ms`),
      );
    } catch (error) {
      log.warn("coordinator.call_failed", { agent: agentName, failures, error: describeError(error) });
      if (failures >= MAX_COORDINATOR_TRIES || isOverloaded(error)) return { ok: false, problem: UNAVAILABLE };
      await sleep(backoffMs(BACKOFF, failures, randomFraction()));
    }
  }
}

/** Set by the platform on calls that an object refuses because too many wait: repeating would add to them. */
function isOverloaded(error: unknown): boolean {
  return error instanceof Error && "overloaded" in error && error.overloaded === true;
}
