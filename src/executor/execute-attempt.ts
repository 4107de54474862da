import type * as z from "zod";
import type { Agent, AgentContext } from "../agents/define-agent.ts";
import { NonRetryableError, RetryAfterError } from "../agents/errors.ts";
import { isHandOver } from "../agents/hand-over.ts";
import type { RunChild } from "../agents/run-child.ts";
import type { Now } from "../clock.ts";
import { MAX_ERROR_CHARS, MAX_OUTPUT_BYTES, MAX_RETRY_DELAY_MS } from "../contract/limits.ts";
import type { FinishRequest, HandOverRequest } from "../coordinator/protocol.ts";
import { usdToMicrousd } from "../core/money.ts";
import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import { CancelledError, DeadlineError, startLimits } from "./attempt-limits.ts";
import type { AttemptLog } from "./attempt-log.ts";
import { cutBytes, cutText, jsonOf } from "./bounded.ts";
import type { CostBounds } from "./child-costs.ts";
import type { Parent } from "./child-runs.ts";
import { completionOf } from "./completion.ts";
import { createHistory } from "./history.ts";
import { createMemory } from "./memory.ts";
import { createPrices } from "./prices.ts";
import { createSecrets } from "./secrets.ts";
import { createUsageMeter } from "./usage-meter.ts";

export interface Attempt {
  agent: Agent;
  /** Names the executor that the attempt belongs to. */
  leaseKey: string;
  /** The params, parsed by the agent's own schema. */
  input: unknown;
  runId: number;
  attempt: number;
  /** Of this attempt: the agent's own, or less where the caller asked for less. */
  timeoutMs: number;
  env: Env;
  serviceOrigin: string;
  log: AttemptLog;
  /** How it has other agents run. */
  runChild: (parent: Parent) => RunChild;
}

interface HandedOver {
  end: "handed_over";
  untilMs: number;
}

interface Ended extends Pick<FinishRequest, "end" | "error" | "advice"> {
  outputJson: string | null;
  outputTruncated: boolean;
}

export type AttemptOutcome = FinishRequest | HandOverRequest;

/**
 * Runs one attempt to its end and answers what to record. Never throws: whatever the agent does wrong is a result. At
 * the deadline, or once `stop` aborts, the agent's signal aborts and the attempt has ended, whether or not the code
 * heeds it.
 */
export async function executeAttempt(attempt: Attempt, stop: AbortSignal, nowMs: Now): Promise<AttemptOutcome> {
  const startedAtMs = nowMs();
  const meter = createUsageMeter();
  const secrets = createSecrets();
  const log: AgentContext["log"] = (message, data) =>
    attempt.log.log(secrets.without(String(message)), secrets.withoutIn(data));
  const collectors = { log, usage: { add: meter.add }, secrets };
  const ownMicrousd = () => usdToMicrousd(meter.usage.costUsd);
  const ended = await endOf(attempt, { ...collectors, startedAtMs, ownMicrousd }, stop);
  attempt.log.close();
  const which = { runId: attempt.runId, attempt: attempt.attempt };
  const used = {
    tokensInput: Math.round(meter.usage.tokensInput),
    tokensOutput: Math.round(meter.usage.tokensOutput),
    costMicrousd: usdToMicrousd(meter.usage.costUsd),
    models: meter.models(),
  };
  if (ended.end === "handed_over") return { ...which, ...ended, atMs: nowMs(), used, events: attempt.log.unsent() };
  const { end, error, advice, outputJson, outputTruncated } = ended;
  return {
    ...which,
    end,
    error: error === null ? null : secrets.without(error),
    advice,
    result: {
      outputJson: outputJson === null ? null : secrets.without(outputJson),
      outputTruncated,
      ...used,
      durationMs: Math.max(0, nowMs() - startedAtMs),
    },
    events: attempt.log.unsent(),
  };
}

async function endOf(
  { agent, input, runId, attempt, timeoutMs, leaseKey, env, serviceOrigin, runChild }: Attempt,
  {
    startedAtMs,
    ownMicrousd,
    secrets,
    ...collectors
  }: Pick<AgentContext, "log" | "usage"> & {
    startedAtMs: number;
    ownMicrousd: () => number;
    secrets: ReturnType<typeof createSecrets>;
  },
  stop: AbortSignal,
): Promise<Ended | HandedOver> {
  const limits = startLimits(timeoutMs, stop);
  try {
    const context: AgentContext = {
      agentName: agent.name,
      runId,
      attempt,
      env,
      serviceOrigin,
      deadlineMs: startedAtMs + timeoutMs,
      history: createHistory(env),
      memory: createMemory(agent.name, { runId, attempt, leaseKey }, env, () => limits.signal()),
      setPriceOf: createPrices(env),
      runAgent: runChild({
        runId,
        attempt,
        signal: () => limits.signal(),
        bounds: { ...costBounds(agent), ownMicrousd },
      }),
      async completion() {
        const completion = await completionOf({ runId, attempt, leaseKey, startedAtMs, serviceOrigin }, env);
        if (completion !== null) secrets.hide(completion.token);
        return completion;
      },
      hide: secrets.hide,
      ...collectors,
      get signal() {
        return limits.signal();
      },
    };
    const work = async () => {
      const returned = await agent.execute(input, context);
      return isHandOver(returned) ? returned : agent.output.safeParseAsync(returned);
    };
    const output = await Promise.race([work(), limits.passed]);
    if (isHandOver(output)) return { end: "handed_over", untilMs: output.untilMs };
    return output.success ? completed(output.data) : failed(badOutput(agent, output.error));
  } catch (error) {
    // Code that heeds its signal may throw the reason before the race is told.
    const reason: unknown = limits.ended() ?? error;
    if (reason instanceof DeadlineError) return { ...failed(reason.message), end: "timed_out" };
    if (reason instanceof CancelledError) return { ...failed(reason.message), end: "cancelled" };
    log.warn("agent.threw", { run_id: runId, agent: agent.name, error: secrets.without(describeError(error)) });
    return { ...failed(messageOf(error)), advice: adviceOf(error) };
  } finally {
    limits.release();
  }
}

function costBounds({ budget, childrenUsd }: Agent): Omit<CostBounds, "ownMicrousd"> {
  const maxRunUsd = budget?.max_run_usd;
  const wholeMicrousd = maxRunUsd === undefined ? null : usdToMicrousd(maxRunUsd);
  return { wholeMicrousd, childrenMicrousd: usdToMicrousd(childrenUsd) };
}

/** The end of an attempt with this output, within the limit of its size. */
export function completed(output: unknown): Ended {
  const json = jsonOf(output);
  if (!json.ok) return failed(`The agent returned what JSON cannot hold: ${json.reason}`);
  const { text, cut } = cutBytes(json.text, MAX_OUTPUT_BYTES);
  const outputJson = cut ? JSON.stringify(text) : text;
  return { end: "completed", error: null, advice: { kind: "none" }, outputJson, outputTruncated: cut };
}

export function failed(error: string): Ended {
  const message = cutText(error, MAX_ERROR_CHARS);
  return { end: "failed", error: message, advice: { kind: "none" }, outputJson: null, outputTruncated: false };
}

function badOutput(agent: Agent, error: z.ZodError): string {
  const reasons = error.issues.map((issue) => `${["output", ...issue.path].join(".")}: ${issue.message}`);
  return `The agent's result does not fit the output schema of "${agent.name}": ${reasons.join("; ")}`;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `The agent threw ${String(error)}`;
  const message = error.message || "The agent threw an error without a message.";
  return PLAIN_ERRORS.has(error.name) ? message : `${error.name}: ${message}`;
}

/** Whose names say nothing to whoever reads why a run failed. */
const PLAIN_ERRORS: ReadonlySet<string> = new Set(["Error", "NonRetryableError", "RetryAfterError"]);

function adviceOf(error: unknown): FinishRequest["advice"] {
  if (error instanceof NonRetryableError) return { kind: "never" };
  if (!(error instanceof RetryAfterError)) return { kind: "none" };
  const delayMs = Math.min(MAX_RETRY_DELAY_MS, Math.max(0, Math.round(error.delayMs) || 0));
  return { kind: "after", delayMs };
}
