import * as z from "zod";
import { defineAgent } from "../src/agents/define-agent.ts";
import { handOver } from "../src/agents/hand-over.ts";
import { nowMs, sleep } from "../src/clock.ts";

const base = {
  displayName: "A test's agent",
  description: "Costs what it is told to.",
  category: "test",
  tags: ["test"],
  output: z.unknown(),
  timeoutMs: 5_000,
  concurrency: 200,
};

/** Each fails as often as it is told to before it succeeds, and every attempt costs the same. */
const SPENDERS = ["spender", "squanderer"].map((name) =>
  defineAgent({
    ...base,
    name,
    input: z.object({
      cost_usd: z.number().default(0.01),
      failures: z.int().default(0),
      model: z.string().optional(),
    }),
    retry: { maxAttempts: 3, minDelayMs: 1, maxDelayMs: 1 },
    async execute({ cost_usd, failures, model }, { attempt, usage }) {
      usage.add({ inputTokens: 10, outputTokens: 5, costUsd: cost_usd, ...(model === undefined ? {} : { model }) });
      if (attempt <= failures) throw new Error(`attempt ${attempt} failed`);
      return "spent";
    },
  }),
);

/** The tokens of the attempts that `outsourcer` has handed over, in order. */
export const handedOut: { runId: number; token: string | undefined }[] = [];

/** It costs something before somebody outside goes on with its attempt. */
const OUTSOURCER = defineAgent({
  ...base,
  name: "outsourcer",
  input: z.object({ work_ms: z.int().default(0) }),
  retry: { maxAttempts: 2, minDelayMs: 1, maxDelayMs: 1, on: ["failed", "timed_out"] },
  async execute({ work_ms }, { runId, usage, completion }) {
    usage.add({ inputTokens: 10, outputTokens: 5, costUsd: 0.01, model: "planner" });
    handedOut.push({ runId, token: (await completion())?.token });
    await sleep(work_ms);
    return handOver(nowMs() + 60_000);
  },
});

export const SPENDING_AGENTS = [...SPENDERS, OUTSOURCER];
