import * as z from "zod";
import { defineAgent } from "../src/agents/define-agent.ts";

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
export const SPENDING_AGENTS = ["spender", "squanderer"].map((name) =>
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
