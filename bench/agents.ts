import * as z from "zod";
import { defineAgent } from "../src/agents/define-agent.ts";

const shape = {
  description: "For the bench.",
  category: "bench",
  input: z.looseObject({}),
  output: z.record(z.string(), z.unknown()),
  tags: [],
  timeoutMs: 60_000,
  concurrency: 1_000,
};

/** Among whom the scheduler's bench divides its jobs. */
export const BUSY_AGENTS = Array.from({ length: 100 }, (_, n) =>
  defineAgent({
    ...shape,
    name: `busy-${n}`,
    displayName: `Busy ${n}`,
    concurrency: { limit: 1_000, whenFull: "queue", maxQueued: 10_000 },
    execute: async (input) => input,
  }),
);

/** What no agent of the service does at will: to fail once, and to say ten things. */
export const BENCH_AGENTS = [
  ...BUSY_AGENTS,
  defineAgent({
    ...shape,
    name: "fails-once",
    displayName: "Fails once",
    retry: { maxAttempts: 2, minDelayMs: 1, maxDelayMs: 1, factor: 1, on: ["failed"] },
    async execute(input, { attempt }) {
      if (attempt === 1) throw new Error("as planned");
      return input;
    },
  }),
  defineAgent({
    ...shape,
    name: "says-ten",
    displayName: "Says ten things",
    async execute(input, { log }) {
      for (let n = 1; n <= 10; n++) log(`step ${n}`, { n });
      return input;
    },
  }),
];
