import type * as z from "zod";
import type { Agent } from "../agents/define-agent.ts";
import type { Now } from "../clock.ts";
import { MAX_ERROR_CHARS, MAX_OUTPUT_BYTES } from "../contract/limits.ts";
import type { FinishRequest } from "../coordinator/protocol.ts";
import { usdToMicrousd } from "../core/money.ts";
import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import { createAttemptLog, createUsageMeter } from "./attempt-context.ts";
import { cutBytes, cutText, jsonOf } from "./bounded.ts";

export interface Attempt {
  agent: Agent;
  /** The params, parsed by the agent's own schema. */
  input: unknown;
  runId: number;
  attempt: number;
  env: Env;
  serviceOrigin: string;
}

type Result = Pick<FinishRequest, "status" | "outputJson" | "outputTruncated" | "error">;

class DeadlineError extends Error {
  override readonly name = "TimeoutError";
}

/**
 * Runs one attempt to its end and answers what to record. Never throws: whatever the agent does wrong is a
 * result. At the deadline the signal aborts and the result is `timed_out`, whether or not the code heeds it.
 */
export async function executeAttempt(attempt: Attempt, nowMs: Now): Promise<FinishRequest> {
  const startedAtMs = nowMs();
  const attemptLog = createAttemptLog(nowMs);
  const meter = createUsageMeter();
  const result = await resultOf(attempt, { log: attemptLog.log, usage: { add: meter.add } });
  return {
    runId: attempt.runId,
    attempt: attempt.attempt,
    ...result,
    tokensInput: Math.round(meter.usage.tokensInput),
    tokensOutput: Math.round(meter.usage.tokensOutput),
    costMicrousd: usdToMicrousd(meter.usage.costUsd),
    durationMs: Math.max(0, nowMs() - startedAtMs),
    metadataJson: attemptLog.metadata.log.length === 0 ? "{}" : JSON.stringify(attemptLog.metadata),
  };
}

async function resultOf(
  { agent, input, runId, attempt, env, serviceOrigin }: Attempt,
  collectors: Pick<Parameters<Agent["execute"]>[1], "log" | "usage">,
): Promise<Result> {
  const deadline = startDeadline(agent);
  try {
    const context = { runId, attempt, env, serviceOrigin, signal: deadline.signal, ...collectors };
    const work = async () => agent.output.safeParseAsync(await agent.execute(input, context));
    const output = await Promise.race([work(), deadline.passed]);
    return output.success ? completed(output.data) : failed(badOutput(agent, output.error));
  } catch (error) {
    if (error instanceof DeadlineError) return { ...failed(error.message), status: "timed_out" };
    log.warn("agent.threw", { run_id: runId, agent: agent.name, error: describeError(error) });
    return failed(messageOf(error));
  } finally {
    deadline.stop();
  }
}

/** `passed` rejects at the deadline; the signal aborts just before. */
function startDeadline(agent: Agent) {
  const controller = new AbortController();
  const { promise: passed, reject } = Promise.withResolvers<never>();
  passed.catch(() => {}); // it may pass after the work has failed, when nobody listens any more
  const timer = setTimeout(() => {
    const error = new DeadlineError(
      `The agent did not finish within its deadline of ${agent.timeoutMs} ms. Give it less to do, or raise its timeoutMs.`,
    );
    reject(error);
    controller.abort(error);
  }, agent.timeoutMs);
  return { signal: controller.signal, passed, stop: () => clearTimeout(timer) };
}

function completed(output: unknown): Result {
  const json = jsonOf(output);
  if (!json.ok) return failed(`The agent returned what JSON cannot hold: ${json.reason}`);
  const { text, cut } = cutBytes(json.text, MAX_OUTPUT_BYTES);
  return { status: "completed", outputJson: cut ? JSON.stringify(text) : text, outputTruncated: cut, error: null };
}

function failed(error: string): Result {
  return { status: "failed", outputJson: null, outputTruncated: false, error: cutText(error, MAX_ERROR_CHARS) };
}

function badOutput(agent: Agent, error: z.ZodError): string {
  const reasons = error.issues.map((issue) => `${["output", ...issue.path].join(".")}: ${issue.message}`);
  return `The agent's result does not fit the output schema of "${agent.name}": ${reasons.join("; ")}`;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `The agent threw ${String(error)}`;
  return error.name === "Error"
    ? error.message || "The agent threw an error without a message."
    : `${error.name}: ${error.message}`;
}
