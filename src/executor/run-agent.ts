import { nowMs, sleep } from "../clock.ts";
import { FINISH_PATIENCE_MS } from "../contract/limits.ts";
import type { Problem } from "../contract/problems.ts";
import type { RunRecord } from "../contract/run-record.ts";
import { callCoordinator } from "../coordinator/client.ts";
import type { FinishOutcome, FinishRequest, StartedRun } from "../coordinator/protocol.ts";
import { backoffMs } from "../core/backoff.ts";
import { randomFraction, randomKey } from "../random.ts";
import { type Attempt, executeAttempt } from "./execute-attempt.ts";

const FINISH_BACKOFF = { minDelayMs: 200, maxDelayMs: 5_000, factor: 2 };

export interface RunRequest extends Pick<Attempt, "agent" | "input" | "env" | "serviceOrigin"> {
  /** New for every request that means another run. */
  requestKey: string;
  /** What is asked for under a key that the caller chose, else null. */
  fingerprint: string | null;
  /** The params as they were sent, as JSON: what the history keeps. */
  inputJson: string;
}

/**
 * `recorded`: the run as the history now has it. `joined`: the key's run is somebody else's: the history has it,
 * or will. `closed_elsewhere`: the run was no longer ours to finish, and the history has what became of it.
 * `refused`: no run, or one whose result could not be recorded.
 */
export type RunOutcome =
  | { kind: "recorded"; run: RunRecord }
  | { kind: "joined"; runId: number }
  | { kind: "closed_elsewhere"; runId: number }
  | { kind: "refused"; problem: Problem };

/** Takes a run from its admission to its record: begin, execute, finish. The work itself holds no lock. */
export async function runAgent(request: RunRequest): Promise<RunOutcome> {
  const { agent, env, inputJson, requestKey, fingerprint } = request;
  const leaseKey = randomKey();
  const begun = await callCoordinator(env.COORDINATOR, agent.name, (coordinator) =>
    coordinator.begin({
      requestKey,
      fingerprint,
      leaseKey,
      inputJson,
      framework: agent.framework,
      concurrency: agent.concurrency,
      timeoutMs: agent.timeoutMs,
    }),
  );
  if (!begun.ok) return { kind: "refused", problem: begun.problem };
  if (begun.kind === "joined") return begun;

  const finished = await executeAttempt({ ...request, runId: begun.runId, attempt: begun.attempt }, nowMs);
  const outcome = await recordPatiently(request, finished);
  if (!outcome.ok) return { kind: "refused", problem: unrecorded(begun.runId, outcome.problem) };
  if (!outcome.recorded) return { kind: "closed_elsewhere", runId: begun.runId };
  return { kind: "recorded", run: recordOf(request, begun, finished, outcome.completedAtMs) };
}

/** A result is dear and D1's absences are mostly short: keep trying, well within the lease. */
async function recordPatiently({ agent, env }: RunRequest, finished: FinishRequest): Promise<FinishOutcome> {
  const giveUpAtMs = nowMs() + FINISH_PATIENCE_MS;
  for (let failures = 1; ; failures++) {
    const outcome = await callCoordinator(env.COORDINATOR, agent.name, (coordinator) => coordinator.finish(finished));
    if (outcome.ok || nowMs() >= giveUpAtMs) return outcome;
    await sleep(backoffMs(FINISH_BACKOFF, failures, randomFraction()));
  }
}

function unrecorded(runId: number, problem: Problem): Problem {
  return { ...problem, detail: `Run ${runId} was executed, but its result could not be recorded. ${problem.detail}` };
}

/** The row as the two writes left it: every value of it is one that we sent or were told. */
function recordOf(request: RunRequest, begun: StartedRun, finished: FinishRequest, completedAtMs: number): RunRecord {
  return {
    id: begun.runId,
    agent_name: request.agent.name,
    framework: request.agent.framework,
    status: finished.status,
    attempt: finished.attempt,
    input_data: request.inputJson,
    output_data: finished.outputJson,
    output_truncated: finished.outputTruncated ? 1 : 0,
    tokens_input: finished.tokensInput,
    tokens_output: finished.tokensOutput,
    cost_microusd: finished.costMicrousd,
    duration_ms: finished.durationMs,
    error: finished.error,
    metadata: finished.metadataJson,
    created_at: begun.startedAtMs,
    started_at: begun.startedAtMs,
    completed_at: completedAtMs,
  };
}
