import type { Agent } from "../agents/define-agent.ts";
import { nowMs, sleep } from "../clock.ts";
import { FINISH_PATIENCE_MS } from "../contract/limits.ts";
import { callCoordinator } from "../coordinator/client.ts";
import type { FinishOutcome, HandOverOutcome, StartedRun } from "../coordinator/protocol.ts";
import { backoffMs } from "../core/backoff.ts";
import type { Env } from "../env.ts";
import { randomFraction } from "../random.ts";
import { createAttemptLog } from "./attempt-log.ts";
import { type Attempt, type AttemptOutcome, executeAttempt } from "./execute-attempt.ts";
import { startHeartbeats } from "./heartbeats.ts";

const FINISH_BACKOFF = { minDelayMs: 200, maxDelayMs: 5_000, factor: 2 };

export interface AttemptToRun {
  agent: Agent;
  input: unknown;
  started: StartedRun;
  env: Env;
  serviceOrigin: string;
  runChild: Attempt["runChild"];
  /** Of the run that asked for this one: when it aborts, this one is cancelled. */
  parentSignal?: AbortSignal | undefined;
}

/** Takes an attempt that is ours from its start to its record, under its lease. The work itself holds no lock. */
export async function runAttempt({
  agent,
  input,
  started,
  env,
  serviceOrigin,
  runChild,
  parentSignal,
}: AttemptToRun): Promise<{ finished: AttemptOutcome; outcome: FinishOutcome | HandOverOutcome }> {
  const { runId, attempt, timeoutMs, leaseKey } = started;
  const log = createAttemptLog(nowMs);
  const heartbeats = startHeartbeats(env, { agentName: agent.name, runId, attempt }, log);
  try {
    const work = { agent, input, runId, attempt, timeoutMs, leaseKey, env, serviceOrigin, runChild, log };
    const { stopped } = heartbeats;
    const stop = parentSignal === undefined ? stopped : AbortSignal.any([stopped, parentSignal]);
    const finished = await executeAttempt(work, stop, nowMs);
    return { finished, outcome: await recordPatiently(env, agent.name, finished) };
  } finally {
    heartbeats.end();
  }
}

/** A result is dear and D1's absences are mostly short: keep trying, well within the lease. */
async function recordPatiently(
  env: Env,
  agentName: string,
  finished: AttemptOutcome,
): Promise<FinishOutcome | HandOverOutcome> {
  const giveUpAtMs = nowMs() + FINISH_PATIENCE_MS;
  for (let failures = 1; ; failures++) {
    const outcome = await callCoordinator<FinishOutcome | HandOverOutcome>(env.COORDINATOR, agentName, (coordinator) =>
      finished.end === "handed_over" ? coordinator.handOver(finished) : coordinator.finish(finished),
    );
    if (outcome.ok || nowMs() >= giveUpAtMs) return outcome;
    await sleep(backoffMs(FINISH_BACKOFF, failures, randomFraction()));
  }
}
