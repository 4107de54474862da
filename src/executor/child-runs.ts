import { isAgent, type Registry } from "../agents/registry.ts";
import type { ChildRun, RunChild } from "../agents/run-child.ts";
import { MAX_AGENT_DEPTH, MAX_CHILD_RUNS } from "../contract/limits.ts";
import type { RunRecord } from "../contract/run-record.ts";
import { microusdToUsd, usdToMicrousd } from "../core/money.ts";
import { type Env, readConfig } from "../env.ts";
import { type ChildCosts, type CostBounds, refusalOfCost, takeCost } from "./child-costs.ts";
import type { RunOutcome, RunRequest } from "./run-agent.ts";

/** Where a run stands among those that asked for one another: they all draw on one number of runs. */
export interface Lineage {
  depth: number;
  family: { runsLeft: number };
  /** Of the run that asked for this one; null: nobody's run did. */
  costs: ChildCosts | null;
}

export interface Parent {
  runId: number;
  attempt: number;
  /** When it aborts, so do the runs that it asked for. */
  signal: () => AbortSignal;
  bounds: CostBounds;
}

/** What a run can be executed with, besides the run itself. */
export interface ChildSurroundings {
  registry: Registry;
  env: Env;
  serviceOrigin: string;
  lineage: Lineage;
  /** Takes a run from its admission to its record. */
  run(request: RunRequest): Promise<RunOutcome>;
}

export function firstOfItsLine(): Lineage {
  return { depth: 0, family: { runsLeft: MAX_CHILD_RUNS }, costs: null };
}

/**
 * Runs other agents on behalf of an attempt, here and now. Never by the queue: where a run stands in its line is known
 * only to the process that runs it, so a run that were to go on elsewhere could ask for others without end.
 */
export function childRunner(surroundings: ChildSurroundings): (parent: Parent) => RunChild {
  return (parent) => {
    let asked = 0;
    const costs: ChildCosts = { ...parent.bounds, takenMicrousd: 0, above: surroundings.lineage.costs };
    return (agentName, params) => runChild({ ...surroundings, parent, costs, number: ++asked }, agentName, params);
  };
}

async function runChild(
  {
    registry,
    env,
    serviceOrigin,
    lineage,
    run,
    parent,
    costs,
    number,
  }: ChildSurroundings & { parent: Parent; costs: ChildCosts; number: number },
  agentName: string,
  params: Record<string, unknown>,
): Promise<ChildRun> {
  const { depth, family } = lineage;
  parent.signal().throwIfAborted();
  if (depth >= MAX_AGENT_DEPTH) return refused(`this run is ${depth} deep already, and no run may be deeper`);
  if (family.runsLeft <= 0) return refused(`${MAX_CHILD_RUNS} runs were asked for already, and no more may be`);
  family.runsLeft--;
  const agent = await registry.current(env.DB, agentName);
  if (!isAgent(agent)) return refused(`there is no agent "${agentName}"`);
  if (!agent.enabled) return refused(`the agent "${agentName}" is disabled`);
  const input = await agent.input.safeParseAsync(params);
  if (!input.success) {
    const reasons = input.error.issues.map(({ path, message }) => `${["params", ...path].join(".")}: ${message}`);
    return refused(reasons.join("; "));
  }
  // What it may cost is taken before it begins: of runs that are asked for at once each would find the same left.
  const mayCost = usdToMicrousd(agent.budget?.max_run_usd ?? readConfig(env).BUDGET_RUN_RESERVE_USD);
  const tooDear = refusalOfCost(costs, mayCost);
  if (tooDear !== null) return refused(tooDear);
  takeCost(costs, mayCost);
  const outcome = await run({
    agent: {
      ...agent,
      retry: { ...agent.retry, maxAttempts: 1 },
      concurrency: { ...agent.concurrency, whenFull: "reject" },
    },
    input: input.data,
    inputJson: JSON.stringify(params),
    requestKey: `child:${parent.runId}:${parent.attempt}:${number}`,
    fingerprint: null,
    mode: "execute",
    trigger: "api",
    replayOf: null,
    priority: 0,
    webhookUrl: null,
    timeoutMs: agent.timeoutMs,
    availableAtMs: null,
    env,
    serviceOrigin,
    registry,
    parent: { signal: parent.signal(), lineage: { depth: depth + 1, family, costs } },
  });
  takeCost(costs, costOf(outcome, mayCost) - mayCost);
  return childRun(outcome);
}

/** One that goes on without us may cost what it was said to. */
function costOf(outcome: RunOutcome, mayCost: number): number {
  if (outcome.kind === "recorded") return outcome.run.cost_microusd;
  return outcome.kind === "refused" ? 0 : mayCost;
}

function childRun(outcome: RunOutcome): ChildRun {
  switch (outcome.kind) {
    case "recorded":
      return recorded(outcome.run);
    case "refused":
      return refused(outcome.problem.detail);
    case "accepted":
    case "joined":
      return { ok: true, runId: outcome.runId, status: "running", output: null, error: null, costUsd: 0 };
    default:
      return outcome satisfies never;
  }
}

function recorded(run: RunRecord): ChildRun {
  const output: unknown = run.output_data === null ? null : JSON.parse(run.output_data);
  const { id: runId, status, error } = run;
  return { ok: true, runId, status, output, error, costUsd: microusdToUsd(run.cost_microusd) };
}

function refused(reason: string): ChildRun {
  return { ok: false, reason };
}
