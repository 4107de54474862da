import { HEARTBEAT_MS } from "../contract/limits.ts";
import { callCoordinator } from "../coordinator/client.ts";
import type { Env } from "../env.ts";
import { log } from "../log.ts";

/**
 * Keeps an attempt's lease while it works, and aborts `stopped` once the coordinator says that the run is cancelled or
 * no longer ours. A beat that fails is not the end: the lease outlasts several. Call `end` when all is recorded.
 */
export function startHeartbeats(env: Env, attempt: { agentName: string; runId: number; attempt: number }) {
  const { agentName, ...request } = attempt;
  const controller = new AbortController();
  let ended = false;
  let timer: ReturnType<typeof setTimeout>;

  async function beat(): Promise<void> {
    const outcome = await callCoordinator(env.COORDINATOR, agentName, (coordinator) => coordinator.heartbeat(request));
    if (ended) return;
    if (outcome.ok && outcome.verdict !== "go_on") {
      log.info("run.stopping", { run_id: attempt.runId, agent: agentName, verdict: outcome.verdict });
      controller.abort();
      if (outcome.verdict === "lost") return;
    }
    next();
  }

  function next(): void {
    timer = setTimeout(() => void beat(), HEARTBEAT_MS);
  }

  function end(): void {
    ended = true;
    clearTimeout(timer);
  }

  next();
  return { stopped: controller.signal, end };
}
