import type * as z from "zod";
import { MAX_CONCURRENCY, MAX_TIMEOUT_MS } from "../contract/limits.ts";
import { AgentName, RESERVED_AGENT_NAMES } from "../contract/names.ts";
import type { Env } from "../env.ts";

/** What an agent's code is given besides its input. */
export interface AgentContext {
  runId: number;
  /** 1 for the first attempt of the run. */
  attempt: number;
  /** Aborts at the deadline. Pass it on to `fetch` and to whatever else waits. */
  signal: AbortSignal;
  /** Adds a line to the run's log; `data` is any JSON value. Bounded: what is cut or dropped is marked so. */
  log(message: string, data?: unknown): void;
  usage: {
    /** Adds to what this run has used. Counts even if the run fails later. Throws on a negative or non-finite number. */
    add(usage: { inputTokens?: number; outputTokens?: number; costUsd?: number }): void;
  };
  env: Env;
  /** The service's own origin as the caller reached it, e.g. `https://agents.example.com`. */
  serviceOrigin: string;
}

export interface AgentSpec<Input extends z.ZodType, Output extends z.ZodType> {
  /** Unique; lower-case letters, digits, "_" and "-". It names the agent in URLs and in the history. */
  name: string;
  displayName: string;
  description: string;
  category: string;
  tags: readonly string[];
  /** What the agent is for, in a few words. */
  role?: string;
  /** Default true. A disabled agent refuses to run and keeps its history. */
  enabled?: boolean;
  /** Validates `params` before a run is accepted; `execute` gets the parsed value. */
  input: Input;
  /** Validates what `execute` returns; the parsed value, as JSON, is the run's output. */
  output: Output;
  /** Deadline of one attempt, in milliseconds. */
  timeoutMs: number;
  /** How many attempts may run at once. */
  concurrency: number;
  /** May run many times at once, also in one isolate: keep no state outside. Throw to fail the run. */
  execute(input: z.output<Input>, context: AgentContext): Promise<z.input<Output>>;
}

/** An agent as the service holds it, its own types forgotten. */
export type Agent = Required<Omit<AgentSpec<z.ZodType, z.ZodType>, "role">> & {
  role: string | null;
  /** What kind of agent it is: `code` is one written in a file of `src/agents`. */
  framework: "code";
};

/** Declares an agent. Throws at start-up on a name or a limit that cannot be. */
export function defineAgent<Input extends z.ZodType, Output extends z.ZodType>(spec: AgentSpec<Input, Output>): Agent {
  const name = AgentName.safeParse(spec.name);
  if (!name.success) throw new Error(`agent name "${spec.name}" ${name.error.issues[0]?.message}`);
  if (RESERVED_AGENT_NAMES.has(spec.name)) throw new Error(`agent name "${spec.name}" is reserved`);
  requireInteger(spec, "timeoutMs", MAX_TIMEOUT_MS);
  requireInteger(spec, "concurrency", MAX_CONCURRENCY);
  return { role: null, enabled: true, ...spec, framework: "code" };
}

function requireInteger(
  spec: { name: string; timeoutMs: number; concurrency: number },
  field: "timeoutMs" | "concurrency",
  max: number,
): void {
  const value = spec[field];
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new Error(`agent "${spec.name}": ${field} must be an integer from 1 to ${max}, not ${value}`);
}
