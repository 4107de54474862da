import * as z from "zod";
import type { AgentConfig } from "../contract/agent-definition.ts";
import type { AgentBudget } from "../contract/budget.ts";
import {
  DEFAULT_CHILDREN_USD,
  DEFAULT_MAX_QUEUED,
  MAX_BUDGET_USD,
  MAX_CONCURRENCY,
  MAX_QUEUED,
  MAX_TIMEOUT_MS,
  MAX_WEBHOOK_URL_CHARS,
} from "../contract/limits.ts";
import { AgentName, RESERVED_AGENT_NAMES } from "../contract/names.ts";
import { RunPolicy } from "../contract/run-policy.ts";
import type { ModelPrice } from "../core/model-prices.ts";
import type { Env } from "../env.ts";
import { readUrl } from "../net/read-url.ts";
import type { HandOver } from "./hand-over.ts";
import type { AgentHistory } from "./history.ts";
import type { AgentMemory } from "./memory.ts";
import type { RunChild } from "./run-child.ts";

/** What an agent's code is given besides its input. */
export interface AgentContext {
  agentName: string;
  runId: number;
  /** 1 for the first attempt of the run. */
  attempt: number;
  /** Aborts at the deadline, and when the run is cancelled. Pass it on to `fetch` and to whatever else waits. */
  signal: AbortSignal;
  /** Of this attempt, in epoch milliseconds. */
  deadlineMs: number;
  /** Adds a line to the run's log; `data` is any JSON value. Bounded: what is cut or dropped is marked so. */
  log(message: string, data?: unknown): void;
  usage: {
    /** Adds to what this run has used. Counts even if the run fails later. Throws on a negative or non-finite number. `model`: which model used it. A cost of null is not known, and adds nothing. */
    add(usage: { inputTokens?: number; outputTokens?: number; costUsd?: number | null; model?: string }): void;
  };
  /** What a model costs where it was set by the API; null: it was not. */
  setPriceOf(model: string): Promise<ModelPrice | null>;
  /** Has another agent run, as a run of its own, and answers its end. */
  runAgent: RunChild;
  memory: AgentMemory;
  history: AgentHistory;
  /**
   * Where, and with which token, somebody else can complete this attempt after `execute` has returned a
   * {@link HandOver}. Null where the service does not know its own address. Throws where it has no HTTP_AGENT_SECRET.
   */
  completion(): Promise<{ url: string; token: string } | null>;
  /** Has this text, a key, taken out of all that the attempt leaves: its log, its output, its error. */
  hide(secret: string): void;
  env: Env;
  /** The service's own origin as the caller reached it, e.g. `https://agents.example.com`. */
  serviceOrigin: string;
}

const Concurrency = z.strictObject({
  /** How many attempts may run at once. */
  limit: z.int().min(1).max(MAX_CONCURRENCY),
  /** What a run gets when all slots are taken: a place in the queue, a 429, or the place of the oldest running run. */
  whenFull: z.enum(["queue", "reject", "cancel_oldest"]).default("queue"),
  /** How many runs may wait; past it callers get a 429. */
  maxQueued: z.int().min(0).max(MAX_QUEUED).default(DEFAULT_MAX_QUEUED),
});

/** The limits of an agent: what is left out has a default, and a bare number of `concurrency` is its `limit`. */
const Limits = z.object({
  childrenUsd: z.number().min(0).max(MAX_BUDGET_USD).default(DEFAULT_CHILDREN_USD),
  timeoutMs: z.int().min(1).max(MAX_TIMEOUT_MS),
  concurrency: z.preprocess((value) => (typeof value === "number" ? { limit: value } : value), Concurrency),
  queueTtlMs: RunPolicy.shape.queueTtlMs,
  retry: RunPolicy.shape.retry,
  webhookUrl: z
    .string()
    .max(MAX_WEBHOOK_URL_CHARS)
    .refine((text) => readUrl(text) instanceof URL, "must be an http or https URL without user name and password")
    .nullable()
    .default(null),
});

export interface AgentSpec<Input extends z.ZodType, Output extends z.ZodType> {
  /** Unique; lower-case letters, digits, "_" and "-". It names the agent in URLs and in the history. */
  name: string;
  displayName: string;
  description: string;
  category: string;
  tags: readonly string[];
  /** What the agent is for, in a few words. */
  role?: string | null;
  /** Default true. A disabled agent refuses to run and keeps its history. */
  enabled?: boolean;
  /** Validates `params` before a run is accepted; `execute` gets the parsed value. */
  input: Input;
  /** Validates what `execute` returns; the parsed value, as JSON, is the run's output. */
  output: Output;
  /** Deadline of one attempt, in milliseconds. */
  timeoutMs: number;
  /** How many attempts may run at once, and what happens to a run past them. */
  concurrency: number | z.input<typeof Concurrency>;
  /** How long a run may wait for its turn, in milliseconds. Default a day. */
  queueTtlMs?: number;
  /** How attempts that end badly are repeated. Default never: an agent must be safe to repeat to be repeated. */
  retry?: z.input<typeof RunPolicy.shape.retry>;
  /** Where to POST how a run has ended, unless its request names another place or null. Default nowhere. */
  webhookUrl?: string | null;
  /** What the runs that one attempt asks for may cost together, in US dollars. Default 1. */
  childrenUsd?: number;
  /** May run many times at once, also in one isolate: keep no state outside. Throw to fail the attempt. */
  execute(input: z.output<Input>, context: AgentContext): Promise<z.input<Output> | HandOver>;
}

/** An agent as the service holds it: its own types forgotten, its limits complete. */
export type Agent = Required<Omit<AgentSpec<z.ZodType, z.ZodType>, "role" | keyof z.input<typeof Limits>>> &
  z.output<typeof Limits> & {
    role: string | null;
    /** The language model that it goes by, and what it may use; of an `llm` agent. */
    model: string | null;
    tools: readonly string[];
    /** What kind of agent it is: `code` is one written in a file of `src/agents`, others are stored. */
    framework: "code" | "http" | "llm";
    /** What its runs may cost, where somebody set it. */
    budget: AgentBudget | null;
    /** Of what is stored; 0: nothing ever was. */
    version: number;
    /** What makes it, or, of one written in code, what was set of it since; null: nothing. */
    stored: AgentConfig | null;
  };

/** What a kind of stored agent makes of its part of the definition. */
export type AgentBehaviour = Pick<Agent, "input" | "output" | "execute"> &
  Partial<Pick<Agent, "role" | "model" | "tools" | "childrenUsd">>;

/** Declares an agent. Throws at start-up on a name or a limit that cannot be. */
export function defineAgent<Input extends z.ZodType, Output extends z.ZodType>(spec: AgentSpec<Input, Output>): Agent {
  const name = AgentName.safeParse(spec.name);
  if (!name.success) throw new Error(`agent name "${spec.name}" ${name.error.issues[0]?.message}`);
  if (RESERVED_AGENT_NAMES.has(spec.name)) throw new Error(`agent name "${spec.name}" is reserved`);
  const limits = Limits.safeParse(spec);
  if (!limits.success) throw new Error(`agent "${spec.name}": ${z.prettifyError(limits.error)}`);
  const unsaid = { role: null, model: null, tools: [], enabled: true, budget: null };
  return { ...unsaid, ...spec, ...limits.data, framework: "code", version: 0, stored: null };
}
