import type { Agent } from "../agents/define-agent.ts";
import type { Registry } from "../agents/registry.ts";
import type { Problem } from "../contract/problems.ts";
import type { RunRecord } from "../contract/run-record.ts";
import { callCoordinator } from "../coordinator/client.ts";
import type { BeginOutcome, BeginRequest, FinishRequest, StartedRun } from "../coordinator/protocol.ts";
import type { AttemptEnd } from "../core/retry.ts";
import type { Env } from "../env.ts";
import { randomKey } from "../random.ts";
import { childRunner, firstOfItsLine, type Lineage } from "./child-runs.ts";
import type { AttemptOutcome } from "./execute-attempt.ts";
import { runAttempt } from "./run-attempt.ts";

/** A request to run an agent, validated. */
export interface RunRequest
  extends Pick<
    BeginRequest,
    "requestKey" | "fingerprint" | "mode" | "trigger" | "replayOf" | "priority" | "availableAtMs"
  > {
  agent: Agent;
  /** The params, parsed by the agent's own schema. */
  input: unknown;
  /** The params as they were sent, as JSON: what the history keeps. */
  inputJson: string;
  /** Of one attempt; at most the agent's own. */
  timeoutMs: number;
  /** Where its end is to be told, as `chooseWebhook` allowed it. */
  webhookUrl: string | null;
  /** Whose run it is, if a job's schedule asks for it. */
  job?: BeginRequest["policy"]["job"];
  env: Env;
  serviceOrigin: string;
  registry: Registry;
  /** Of a run that another run asked for. */
  parent?: { signal: AbortSignal; lineage: Lineage };
}

/** What is asked of a run before it is executed. */
type AdmissionRequest = Omit<RunRequest, "registry" | "parent">;

/**
 * `recorded`: the run has ended, and is as the history now has it. `accepted`: the run is in the history and goes on
 * without us: it is queued, or somebody outside took it over, or it will be repeated, or somebody else closed it. `joined`: the key's run is somebody
 * else's. `refused`: no run, or one whose result could not be recorded.
 */
export type RunOutcome =
  | { kind: "recorded"; run: RunRecord }
  | { kind: "accepted"; runId: number; because: "queued" | "handed_over" | "retrying" | "stale" }
  | { kind: "joined"; runId: number }
  | { kind: "refused"; problem: Problem };

/** Takes a run from its admission to its record where a slot is free and its caller waits, and else to the queue. */
export async function runAgent(request: RunRequest): Promise<RunOutcome> {
  return executeBegun(request, await beginRun(request));
}

/** Has a run admitted. Whoever gets `started` must give it to `executeBegun`. Never throws. */
export function beginRun(request: AdmissionRequest): Promise<BeginOutcome> {
  const begin = beginRequest(request);
  return callCoordinator(request.env.COORDINATOR, request.agent.name, (coordinator, { repeated }) =>
    coordinator.begin({ ...begin, repeated }),
  );
}

/** Takes a run that began to its record, if it is ours to execute. */
export async function executeBegun(request: RunRequest, begun: BeginOutcome): Promise<RunOutcome> {
  const { agent, env, input, serviceOrigin, parent } = request;
  if (!begun.ok) return { kind: "refused", problem: begun.problem };
  if (begun.kind === "joined") return begun;
  if (begun.kind === "queued") return { kind: "accepted", runId: begun.runId, because: "queued" };

  const { finished, outcome } = await runAttempt({
    agent,
    input,
    started: begun,
    env,
    serviceOrigin,
    runChild: childrenOf(request, parent?.lineage),
    parentSignal: parent?.signal,
  });
  if (!outcome.ok) return { kind: "refused", problem: unrecorded(begun.runId, outcome.problem) };
  if (outcome.kind !== "closed") return { kind: "accepted", runId: begun.runId, because: outcome.kind };
  assertEnded(finished);
  return { kind: "recorded", run: recordOf(request, begun, finished, outcome) };
}

/** How an attempt has other agents run. */
export function childrenOf(
  { registry, env, serviceOrigin }: Pick<RunRequest, "registry" | "env" | "serviceOrigin">,
  lineage: Lineage = firstOfItsLine(),
): ReturnType<typeof childRunner> {
  return childRunner({ registry, env, serviceOrigin, lineage, run: runAgent });
}

function assertEnded(finished: AttemptOutcome): asserts finished is FinishRequest {
  if (finished.end === "handed_over") throw new Error("an attempt that was handed over was answered as closed");
}

function beginRequest({ agent, timeoutMs, serviceOrigin, webhookUrl, ...request }: AdmissionRequest): BeginRequest {
  const { concurrency, queueTtlMs, retry, framework, version, budget } = agent;
  const { requestKey, fingerprint, mode, inputJson, trigger, replayOf, priority, availableAtMs } = request;
  return {
    requestKey,
    fingerprint,
    leaseKey: randomKey(),
    mode,
    agentVersion: version,
    framework,
    inputJson,
    trigger,
    replayOf,
    policy: {
      concurrency: concurrency.limit,
      timeoutMs,
      queueTtlMs,
      retry,
      serviceOrigin,
      job: request.job ?? null,
      webhookUrl,
    },
    budget,
    whenFull: concurrency.whenFull,
    maxQueued: concurrency.maxQueued,
    priority,
    availableAtMs,
  };
}

function unrecorded(runId: number, problem: Problem): Problem {
  return { ...problem, detail: `Run ${runId} was executed, but its result could not be recorded. ${problem.detail}` };
}

/** The row as the two writes left it: every value of it is one that we sent or were told. */
function recordOf(
  { agent, inputJson, trigger, replayOf, priority }: RunRequest,
  started: StartedRun,
  { error, result }: FinishRequest,
  closed: { status: AttemptEnd; completedAtMs: number },
): RunRecord {
  return {
    id: started.runId,
    agent_name: agent.name,
    framework: agent.framework,
    agent_version: agent.version,
    status: closed.status,
    trigger,
    replay_of: replayOf,
    job_id: null, // a job's runs are executed by the queue's consumers
    nominal_at: null,
    attempt: started.attempt,
    priority,
    available_at: null,
    input_data: inputJson,
    output_data: result.outputJson,
    output_truncated: result.outputTruncated ? 1 : 0,
    tokens_input: result.tokensInput,
    tokens_output: result.tokensOutput,
    cost_microusd: result.costMicrousd,
    duration_ms: result.durationMs,
    error,
    created_at: started.createdAtMs,
    started_at: started.startedAtMs,
    completed_at: closed.completedAtMs,
  };
}
