import * as z from "zod";
import { type Agent, type AgentContext, defineAgent } from "../../src/agents/define-agent.ts";
import { NonRetryableError, RetryAfterError } from "../../src/agents/errors.ts";
import { sleep } from "../../src/clock.ts";
import type { RetryPolicy } from "../../src/contract/run-policy.ts";
import type { WhenFull } from "../../src/core/admission.ts";

/** What one attempt does once it has worked; the last step stands for all attempts after it. */
export const STEPS = ["complete", "throw", "never", "after", "hang"] as const;
export type Step = (typeof STEPS)[number];

export const ScriptedInput = z.object({
  mark: z.string(),
  workMs: z.int(),
  /** Whether the code goes on when it is told to stop. */
  deaf: z.boolean(),
  script: z.array(z.enum(STEPS)).min(1),
});
export type ScriptedInput = z.infer<typeof ScriptedInput>;

export interface AgentLimits {
  name: string;
  concurrency: number;
  whenFull: WhenFull;
  maxQueued: number;
  timeoutMs: number;
  queueTtlMs: number;
  retry: RetryPolicy;
}

export const TOKENS_PER_ATTEMPT = 10;
export const RETRY_AFTER_MS = 5_000;

/** An agent whose every attempt does what the run's params say. `onAttempt` answers what is to be done once it ends. */
export function scriptedAgent(limits: AgentLimits, onAttempt: (context: AgentContext) => () => void): Agent {
  return defineAgent({
    ...limits,
    displayName: limits.name,
    description: "Follows its script.",
    category: "test",
    tags: [],
    input: ScriptedInput,
    output: z.unknown(),
    concurrency: { limit: limits.concurrency, whenFull: limits.whenFull, maxQueued: limits.maxQueued },
    async execute({ mark, workMs, deaf, script }, context) {
      const { attempt, signal, usage } = context;
      const onEnd = onAttempt(context);
      usage.add({ inputTokens: TOKENS_PER_ATTEMPT, costUsd: 0.003 });
      try {
        await (deaf ? sleep(workMs) : wait(workMs, signal));
        await play(stepOf(script, attempt), signal);
        return { mark, attempt };
      } finally {
        onEnd();
      }
    },
  });
}

async function play(step: Step, signal: AbortSignal): Promise<void> {
  switch (step) {
    case "complete":
      return;
    case "throw":
      throw new Error("scripted to fail");
    case "never":
      throw new NonRetryableError("scripted to fail for good");
    case "after":
      throw new RetryAfterError(RETRY_AFTER_MS, "scripted to fail for a while");
    case "hang":
      return wait(24 * 60 * 60_000, signal);
    default:
      return step satisfies never;
  }
}

export function stepOf(script: readonly Step[], attempt: number): Step {
  return script[Math.min(attempt, script.length) - 1] ?? "complete";
}

function wait(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, delayMs);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
    if (signal.aborted) reject(signal.reason);
  });
}
