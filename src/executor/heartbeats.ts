import { HEARTBEAT_MS, MAX_LOG_DELAY_MS } from "../contract/limits.ts";
import { callCoordinator } from "../coordinator/client.ts";
import type { Env } from "../env.ts";
import { log } from "../log.ts";
import type { AttemptLog } from "./attempt-log.ts";

/**
 * Keeps an attempt's lease while it works, takes its log up, and aborts `stopped` once the coordinator says that the
 * run is cancelled or no longer ours. A line is sent soon, since somebody may watch. A beat that fails is not the end:
 * the lease outlasts several. Call `end` when all is recorded.
 */
export function startHeartbeats(
  env: Env,
  { agentName, runId, attempt }: { agentName: string; runId: number; attempt: number },
  attemptLog: AttemptLog,
) {
  const controller = new AbortController();
  let ended = false;
  let timer: ReturnType<typeof setTimeout>;
  /** `soon`: for a line. `beating`: one is on its way, and looks for lines when it is back. */
  let state: "waiting" | "soon" | "beating" = "waiting";

  async function beat(): Promise<void> {
    state = "beating";
    const events = attemptLog.unsent();
    const outcome = await callCoordinator(env.COORDINATOR, agentName, (coordinator) =>
      coordinator.heartbeat({ runId, attempt, events }),
    );
    if (ended) return;
    if (outcome.ok) attemptLog.markSent(events);
    if (outcome.ok && outcome.verdict !== "go_on") {
      log.info("run.stopping", { run_id: runId, agent: agentName, verdict: outcome.verdict });
      controller.abort();
      if (outcome.verdict === "lost") return;
    }
    next(outcome.ok && attemptLog.unsent().length > 0 ? "soon" : "waiting");
  }

  function next(wait: "waiting" | "soon"): void {
    state = wait;
    timer = setTimeout(() => void beat(), wait === "soon" ? MAX_LOG_DELAY_MS : HEARTBEAT_MS);
  }

  function beatSoon(): void {
    if (state !== "waiting" || ended) return;
    clearTimeout(timer);
    next("soon");
  }

  function end(): void {
    ended = true;
    clearTimeout(timer);
  }

  attemptLog.listen(beatSoon);
  next("waiting");
  return { stopped: controller.signal, end };
}
