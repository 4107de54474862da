import type { CompletionRequest } from "../contract/http-agent.ts";
import { callCoordinator } from "../coordinator/client.ts";
import type { FinishOutcome, FinishRequest } from "../coordinator/protocol.ts";
import { usdToMicrousd } from "../core/money.ts";
import type { Env } from "../env.ts";
import { completed, failed } from "./execute-attempt.ts";

/** Records how an attempt ended that somebody outside took over. `output` is as the agent's own schema has it. */
export function completeAttempt(
  { runId, attempt, durationMs }: { runId: number; attempt: number; durationMs: number },
  { output, completion }: { output: unknown; completion: CompletionRequest },
  agentName: string,
  env: Env,
): Promise<FinishOutcome> {
  const { error, usage } = completion;
  const { end, outputJson, outputTruncated, error: message } = error === undefined ? completed(output) : failed(error);
  const finished: FinishRequest = {
    runId,
    attempt,
    end,
    error: message,
    advice: adviceOf(completion),
    result: {
      outputJson,
      outputTruncated,
      tokensInput: Math.round(usage?.input_tokens ?? 0),
      tokensOutput: Math.round(usage?.output_tokens ?? 0),
      costMicrousd: usdToMicrousd(usage?.cost_usd ?? 0),
      durationMs,
    },
    events: [],
  };
  return callCoordinator(env.COORDINATOR, agentName, (coordinator) => coordinator.finish(finished));
}

function adviceOf({ retryable, retry_after_s }: CompletionRequest): FinishRequest["advice"] {
  if (retryable === false) return { kind: "never" };
  return retry_after_s === undefined ? { kind: "none" } : { kind: "after", delayMs: Math.round(retry_after_s * 1_000) };
}
