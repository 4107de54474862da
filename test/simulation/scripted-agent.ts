import * as z from "zod";
import { type Agent, type AgentContext, defineAgent } from "../../src/agents/define-agent.ts";
import { NonRetryableError, RetryAfterError } from "../../src/agents/errors.ts";
import { handOver } from "../../src/agents/hand-over.ts";
import { nowMs, sleep } from "../../src/clock.ts";
import type { RetryPolicy } from "../../src/contract/run-policy.ts";
import type { WhenFull } from "../../src/core/admission.ts";

/** What one attempt does once it has worked; the last step stands for all attempts after it. */
export const STEPS = ["complete", "throw", "never", "after", "hang"] as const;
/** It hands the attempt over to somebody outside, who completes it, fails it, or forgets it. */
export const OUTSIDE_STEPS = ["outside_completes", "outside_fails", "outside_forgets"] as const;
export type OutsideStep = (typeof OUTSIDE_STEPS)[number];
export type Step = (typeof STEPS)[number] | OutsideStep;

export const ScriptedInput = z.object({
  mark: z.string(),
  workMs: z.int(),
  /** Whether the code goes on when it is told to stop. */
  deaf: z.boolean(),
  script: z.array(z.enum([...STEPS, ...OUTSIDE_STEPS])).min(1),
  /** Lines that it logs, over the time that it works. */
  lines: z.int().min(0).optional(),
});
export type ScriptedInput = z.input<typeof ScriptedInput>;

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

/** How long somebody outside may take. */
const OUTSIDE_MS = 60_000;

/** What is to be told of an attempt while it is made. */
export interface Watching {
  /** Answers what is to be done once its code ends. */
  onAttempt(context: AgentContext): () => void;
  /** Before it is handed over: whoever is outside may be quicker than that. */
  onHandOver(context: AgentContext, step: OutsideStep, mark: string): void;
}

/** An agent whose every attempt does what the run's params say. */
export function scriptedAgent(limits: AgentLimits, { onAttempt, onHandOver }: Watching): Agent {
  return defineAgent({
    ...limits,
    displayName: limits.name,
    description: "Follows its script.",
    category: "test",
    tags: [],
    input: ScriptedInput,
    output: z.unknown(),
    concurrency: { limit: limits.concurrency, whenFull: limits.whenFull, maxQueued: limits.maxQueued },
    async execute({ mark, workMs, deaf, script, lines = 0 }, context) {
      const { attempt, signal, usage } = context;
      const onEnd = onAttempt(context);
      const step = stepOf(script, attempt);
      const outside = isOutside(step);
      usage.add({ inputTokens: TOKENS_PER_ATTEMPT, costUsd: 0.003 });
      try {
        for (let line = 1; line <= Math.max(1, lines); line++) {
          if (lines > 0) context.log(lineOf(attempt, line));
          const partMs = workMs / Math.max(1, lines);
          await (deaf ? sleep(partMs) : wait(partMs, signal));
        }
        if (outside) {
          onHandOver(context, step, mark);
          return handOver(nowMs() + OUTSIDE_MS);
        }
        await play(step, signal);
        return { mark, attempt };
      } finally {
        onEnd();
      }
    },
  });
}

export function lineOf(attempt: number, line: number): string {
  return `line ${line} of attempt ${attempt}`;
}

export function isOutside(step: Step): step is OutsideStep {
  return (OUTSIDE_STEPS as readonly Step[]).includes(step);
}

async function play(step: Exclude<Step, OutsideStep>, signal: AbortSignal): Promise<void> {
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
