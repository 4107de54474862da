import pMap from "p-map";
import type { Agent } from "../agents/define-agent.ts";
import { isAgent } from "../agents/registry.ts";
import type { JobDefinition } from "../contract/job.ts";
import { BEGIN_CONCURRENCY, MAX_AGENT_LOOKS, MIN_FIRE_PATIENCE_MS } from "../contract/limits.ts";
import type { Problem, ProblemCode } from "../contract/problems.ts";
import { readConfig } from "../env.ts";
import { beginRun } from "../executor/run-agent.ts";
import { log } from "../log.ts";
import { type FireResult, type OpenFire, recordFireResults } from "../store/job-fires.ts";
import { chooseWebhook } from "../webhooks/choose-webhook.ts";
import type { SchedulerContext } from "./context.ts";

/** What passes by itself: the fire is tried again until it is given up. */
const PASSING: ReadonlySet<ProblemCode> = new Set([
  "agent_changed",
  "agent_at_limit",
  "queue_full",
  "overloaded",
  "storage_unavailable",
  "coordinator_unavailable",
]);

/** What may be refused of an agent as it was last seen, and not of the one in force. */
const OF_THE_AGENT: ReadonlySet<ProblemCode> = new Set([
  "agent_not_found",
  "agent_retired",
  "agent_disabled",
  "agent_changed",
  "invalid_params",
  "webhook_not_configured",
]);

type BeginContext = Omit<SchedulerContext, "tell">;

/**
 * Begins the runs of fires that are promised, each under the key of its slot. The record names the run in the
 * transaction that makes it; why there is none is recorded here. Safe to repeat, and for two at once: the key's run is
 * one. Answers the results in the order of the fires.
 */
export async function beginFires(
  context: BeginContext,
  fires: readonly OpenFire[],
  definitions: ReadonlyMap<string, JobDefinition>,
): Promise<FireResult[]> {
  const results = await pMap(fires, (fire) => beginFire(context, fire, definitions.get(fire.jobId)), {
    concurrency: BEGIN_CONCURRENCY,
  });
  await recordFireResults(
    context.env.DB,
    results.filter(({ runId }) => runId === null),
  );
  return results;
}

async function beginFire(
  context: BeginContext,
  fire: OpenFire,
  definition: JobDefinition | undefined,
): Promise<FireResult> {
  const { jobId, nominalAtMs, firedAtMs } = fire;
  const refused = (outcome: "fired" | "rejected" | "missed", problem: ProblemCode | null): FireResult => {
    log.warn("job.not_begun", { job: jobId, nominal_at_ms: nominalAtMs, outcome, problem });
    return { jobId, nominalAtMs, runId: null, outcome, problem };
  };
  if (definition === undefined) return refused("rejected", "job_not_found");
  const patienceMs = Math.max(definition.misfire_grace_s * 1_000, MIN_FIRE_PATIENCE_MS);
  const givenUp = context.nowMs() - firedAtMs > patienceMs;
  if (givenUp) return refused("missed", null);
  const begun = await beginWithCurrentAgent(context, fire, definition);
  if (!begun.ok) return refused(PASSING.has(begun.problem.code) ? "fired" : "rejected", begun.problem.code);
  log.info("job.fired", { job: jobId, nominal_at_ms: nominalAtMs, run_id: begun.runId });
  return { jobId, nominalAtMs, runId: begun.runId, outcome: "fired", problem: null };
}

type Begun = { ok: true; runId: number } | { ok: false; problem: Problem };

/** With the agent as it was last seen from here, and where that is refused for what it is, with the one in force. */
async function beginWithCurrentAgent(
  { env, registry }: BeginContext,
  fire: OpenFire,
  definition: JobDefinition,
): Promise<Begun> {
  const name = definition.agent;
  let found = await registry.known(env.DB, name);
  for (let looks = 1; ; looks++) {
    const begun = await beginWith(env, isAgent(found) ? found : null, fire, definition);
    if (begun.ok || !OF_THE_AGENT.has(begun.problem.code) || looks >= MAX_AGENT_LOOKS) return begun;
    const now = await registry.current(env.DB, name);
    if (now?.version === found?.version && begun.problem.code !== "agent_changed") return begun;
    found = now;
  }
}

async function beginWith(
  env: SchedulerContext["env"],
  agent: Agent | null,
  { jobId, nominalAtMs, paramsJson }: OpenFire,
  definition: JobDefinition,
): Promise<Begun> {
  const refuse = (code: ProblemCode, detail: string): Begun => ({ ok: false, problem: { code, detail } });
  if (agent === null) return refuse("agent_not_found", `There is no agent "${definition.agent}".`);
  if (!agent.enabled) return refuse("agent_disabled", `Agent "${agent.name}" is disabled.`);
  const inputJson = paramsJson ?? JSON.stringify(definition.params);
  const input = await agent.input.safeParseAsync(JSON.parse(inputJson));
  if (!input.success) return refuse("invalid_params", "The agent does not take the job's params.");
  const webhook = chooseWebhook(undefined, agent, env);
  if (!webhook.ok) return webhook;
  return beginRun({
    agent,
    input: input.data,
    inputJson,
    requestKey: `job:${jobId}:${nominalAtMs}`,
    fingerprint: null,
    mode: "queue",
    trigger: "job",
    job: { id: jobId, name: definition.name },
    replayOf: null,
    priority: 0,
    webhookUrl: webhook.url,
    timeoutMs: agent.timeoutMs,
    availableAtMs: null,
    env,
    serviceOrigin: readConfig(env).PUBLIC_URL,
  });
}
