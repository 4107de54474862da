import type { Agent } from "../agents/define-agent.ts";
import type { RunRecord } from "../contract/run-record.ts";
import { isTerminal } from "../core/run-state.ts";
import { runAgent } from "../executor/run-agent.ts";
import type { AppContext } from "./app-context.ts";
import { withRunnableAgent } from "./find-agent.ts";
import { identityOf } from "./idempotency.ts";
import { invalid, ProblemError } from "./problems.ts";
import { webhookUrlOf } from "./webhook-url.ts";

export interface Replay {
  runId: number;
  /** Whether an earlier request under the same key had made the run. */
  joined: boolean;
}

/**
 * Queues a new run with the input of one that has ended, which its agent must still take. Throws `run_not_ended`,
 * `invalid_params`, or whatever refuses a run.
 */
export async function replayRun(run: RunRecord, c: AppContext): Promise<Replay> {
  if (!isTerminal(run.status)) {
    throw new ProblemError({ code: "run_not_ended", detail: `Run ${run.id} has not ended: ${run.status}.` });
  }
  return withRunnableAgent(run.agent_name, c, (agent) => replayWith(agent, run, c));
}

async function replayWith(agent: Agent, run: RunRecord, c: AppContext): Promise<Replay> {
  const input = await agent.input.safeParseAsync(JSON.parse(run.input_data));
  if (!input.success) throw invalid("invalid_params", input.error, ["params"]);
  const outcome = await runAgent({
    agent,
    input: input.data,
    inputJson: run.input_data,
    ...(await identityOf(c, agent.name, { replay_of: run.id })),
    mode: "queue",
    trigger: "replay",
    replayOf: run.id,
    priority: 0,
    webhookUrl: webhookUrlOf(agent, undefined, c),
    timeoutMs: agent.timeoutMs,
    availableAtMs: null,
    env: c.env,
    serviceOrigin: new URL(c.req.url).origin,
    registry: c.get("registry"),
  });
  if (outcome.kind === "refused") throw new ProblemError(outcome.problem);
  const runId = outcome.kind === "recorded" ? outcome.run.id : outcome.runId;
  return { runId, joined: outcome.kind === "joined" };
}
