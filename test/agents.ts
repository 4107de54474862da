import * as z from "zod";
import { defineAgent } from "../src/agents/define-agent.ts";
import { NonRetryableError, RetryAfterError } from "../src/agents/errors.ts";
import { sleep } from "../src/clock.ts";
import { REMEMBERING_AGENTS } from "./remembering-agents.ts";
import { SPENDING_AGENTS } from "./spending-agents.ts";

const base = {
  displayName: "A test's agent",
  description: "Does what a test needs.",
  category: "test",
  tags: ["test"],
  input: z.looseObject({}),
  output: z.unknown(),
  timeoutMs: 5_000,
  concurrency: 100,
};

/** What `narrow` was asked to do, in the order in which it began. */
export const started: unknown[] = [];
export const mostAtOnce = { now: 0, narrow: 0 };

/** Each misbehaves in one way. */
export const TEST_AGENTS = [
  ...REMEMBERING_AGENTS,
  ...SPENDING_AGENTS,
  ...["one", "two", "three", "four", "five"].map((name) =>
    defineAgent({
      ...base,
      name: `counted-${name}`,
      concurrency: 200,
      async execute(input, { usage }) {
        usage.add({ inputTokens: 3, outputTokens: 2, costUsd: 0.000_001 });
        return input;
      },
    }),
  ),
  defineAgent({
    ...base,
    name: "thrower",
    async execute(_input, { usage, log }) {
      usage.add({ inputTokens: 7, costUsd: 0.25 });
      log("about to throw", { at: "once" });
      throw new Error("the moon is not available");
    },
  }),
  defineAgent({
    ...base,
    name: "liar",
    output: z.object({ answer: z.number() }),
    execute: async () => ({ answer: "forty-two" }) as never,
  }),
  defineAgent({
    ...base,
    name: "deaf",
    timeoutMs: 100,
    async execute() {
      await sleep(2_000); // heeds no signal
      return "too late";
    },
  }),
  defineAgent({
    ...base,
    name: "obedient",
    timeoutMs: 100,
    execute: (_input, { signal }) => scheduler.wait(5_000, { signal }),
  }),
  defineAgent({
    ...base,
    name: "introspective",
    execute: async (_input, { runId, attempt, serviceOrigin, env }) => ({
      runId,
      attempt,
      serviceOrigin,
      hasDatabase: "prepare" in env.DB,
    }),
  }),
  defineAgent({
    ...base,
    name: "circular",
    async execute() {
      const loop: Record<string, unknown> = {};
      loop.self = loop;
      return loop;
    },
  }),
  defineAgent({
    ...base,
    name: "verbose",
    input: z.object({ chars: z.int(), lines: z.int() }),
    async execute({ chars, lines }, { log }) {
      for (let line = 0; line < lines; line++) log(`line ${line}`, { text: "é".repeat(50) });
      return "ü".repeat(chars);
    },
  }),
  defineAgent({
    ...base,
    name: "talker",
    timeoutMs: 30_000,
    input: z.object({
      lines: z.int().default(0),
      pause_ms: z.int().default(0),
      message: z.string().default("line"),
      succeedsAt: z.int().default(1),
      mumbles: z.boolean().default(false),
    }),
    retry: { maxAttempts: 3, minDelayMs: 1, maxDelayMs: 1 },
    async execute({ lines, pause_ms, message, succeedsAt, mumbles }, { attempt, log, signal }) {
      for (let line = 1; line <= lines; line++) {
        log(`${message} ${attempt}.${line}`);
        if (pause_ms > 0) await scheduler.wait(pause_ms, { signal });
      }
      if (mumbles) setTimeout(() => log("too late"), 50);
      if (attempt < succeedsAt) throw new Error(`attempt ${attempt} failed`);
      return "said";
    },
  }),
  defineAgent({
    ...base,
    name: "single",
    concurrency: { limit: 1, whenFull: "reject" },
    input: z.object({ sleep_ms: z.int() }),
    async execute({ sleep_ms }) {
      await sleep(sleep_ms);
      return "done";
    },
  }),
  defineAgent({
    ...base,
    name: "flaky",
    input: z.object({
      succeedsAt: z.int(),
      how: z.enum(["throw", "never", "after", "hang", "crash"]).default("throw"),
    }),
    timeoutMs: 300,
    retry: { maxAttempts: 3, minDelayMs: 1, maxDelayMs: 1 },
    async execute({ succeedsAt, how }, { attempt, signal, usage }) {
      usage.add({ inputTokens: 10, costUsd: 0.5 });
      if (attempt >= succeedsAt) return `attempt ${attempt}`;
      if (how === "never") throw new NonRetryableError("it is no use");
      if (how === "after") throw new RetryAfterError(1_500, "come back later");
      if (how === "hang") await scheduler.wait(5_000, { signal });
      throw new Error(`attempt ${attempt} failed`);
    },
  }),
  defineAgent({
    ...base,
    name: "narrow",
    concurrency: { limit: 2, maxQueued: 20 },
    queueTtlMs: 60_000,
    input: z.object({ sleep_ms: z.int().default(0), mark: z.unknown() }),
    async execute({ sleep_ms, mark }, { signal }) {
      started.push(mark);
      mostAtOnce.narrow = Math.max(mostAtOnce.narrow, ++mostAtOnce.now);
      try {
        if (sleep_ms > 0) await scheduler.wait(sleep_ms, { signal });
      } finally {
        mostAtOnce.now--;
      }
      return mark;
    },
  }),
  defineAgent({
    ...base,
    name: "newest-wins",
    concurrency: { limit: 1, whenFull: "cancel_oldest" },
    input: z.object({ sleep_ms: z.int() }),
    execute: ({ sleep_ms }, { signal }) => scheduler.wait(sleep_ms, { signal }),
  }),
  defineAgent({
    ...base,
    name: "announced",
    webhookUrl: "https://hooks.example/agent",
    execute: async (input) => input,
  }),
  defineAgent({ ...base, name: "misannounced", webhookUrl: "http://10.0.0.1/", execute: async () => null }),
  defineAgent({ ...base, name: "retired", enabled: false, execute: async () => null }),
  defineAgent({
    ...base,
    name: "strict",
    input: z.strictObject({ city: z.string().min(2), days: z.int().max(10).default(3) }),
    execute: async (input) => input,
  }),
  defineAgent({
    ...base,
    name: "dead-beat",
    async execute(_input, { usage }) {
      usage.add({ inputTokens: -1 });
      return null;
    },
  }),
];
