import * as z from "zod";
import { defineAgent } from "./define-agent.ts";

/** The smallest agent: it gives its input back. Also the no-op that the benchmark runs. */
export const echo = defineAgent({
  name: "echo",
  displayName: "Echo",
  description: "Gives its params back, after `sleep_ms` milliseconds if it is asked to.",
  category: "example",
  tags: ["example"],
  input: z.looseObject({
    sleep_ms: z.int().min(0).max(100_000).optional().meta({ description: "Wait this long first." }),
  }),
  output: z.record(z.string(), z.unknown()),
  timeoutMs: 120_000,
  concurrency: 1_000,
  async execute(input, context) {
    if (input.sleep_ms !== undefined) await scheduler.wait(input.sleep_ms, { signal: context.signal });
    return input;
  },
});
