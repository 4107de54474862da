import * as z from "zod";
import type { Agent } from "../agents/define-agent.ts";
import { AgentDetail, AgentList, AgentListQuery, type AgentSummary } from "../contract/agent.ts";
import { LEASE_GRACE_MS, RECENT_RUNS } from "../contract/limits.ts";
import { AgentName } from "../contract/names.ts";
import { RunAnswer, RunRequest } from "../contract/run.ts";
import type { RunRecord } from "../contract/run-record.ts";
import { agentStatus } from "../core/agent-status.ts";
import { microusdToUsd } from "../core/money.ts";
import { isTerminal } from "../core/run-state.ts";
import { type RunOutcome, runAgent } from "../executor/run-agent.ts";
import { type AgentActivity, readAgentActivity } from "../store/agent-activity.ts";
import { listRuns } from "../store/runs.ts";
import type { AppContext } from "./app-context.ts";
import { awaitRun } from "./await-run.ts";
import { identityOf } from "./idempotency.ts";
import { invalid, ProblemError } from "./problems.ts";
import { defineRoute, type Reply } from "./route.ts";
import { instantOrNull, runAnswer, runSummary } from "./run-view.ts";

const pathParams = { schema: z.object({ name: AgentName }), absent: "agent_not_found" } as const;

const listAgents = defineRoute({
  method: "GET",
  path: "/api/agents",
  tag: "Agents",
  summary: "List the agents",
  access: "token",
  query: AgentListQuery,
  answer: AgentList,
  problems: [],
  async handle({ query }, c) {
    const agents = [...c.get("registry").values()].filter(
      (agent) =>
        (query.category === undefined || agent.category === query.category) &&
        (query.enabled === undefined || agent.enabled === query.enabled),
    );
    const summaries = await summarize(agents, c);
    return { body: { agents: summaries, total: summaries.length } };
  },
});

const getAgent = defineRoute({
  method: "GET",
  path: "/api/agents/{name}",
  tag: "Agents",
  summary: "Show an agent, its configuration and its newest runs",
  access: "token",
  pathParams,
  answer: AgentDetail,
  problems: ["agent_not_found"],
  async handle({ path }, c) {
    const agent = findAgent(path.name, c);
    const filter = { status: null, sinceMs: null, untilMs: null, beforeId: null, limit: RECENT_RUNS };
    const [summaries, runs] = await Promise.all([
      summarize([agent], c),
      listRuns(c.env.DB, { ...filter, agentName: agent.name }),
    ]);
    const [summary] = summaries;
    if (summary === undefined) throw new Error("a summary of one agent is one summary");
    return {
      body: {
        ...summary,
        config: {
          timeout_ms: agent.timeoutMs,
          concurrency: agent.concurrency,
          input_schema: z.toJSONSchema(agent.input, { io: "input", unrepresentable: "any" }),
          output_schema: z.toJSONSchema(agent.output, { io: "output", unrepresentable: "any" }),
        },
        tools: [],
        recent_runs: runs.map(runSummary),
      },
    };
  },
});

const runAnAgent = defineRoute({
  method: "POST",
  path: "/api/agents/{name}/run",
  tag: "Agents",
  summary: "Run an agent and wait for its result",
  description:
    "Answers when the run has ended, with the run as the history has it. A run that failed is a 200 with `success: false`: the request was carried out, and `status` and `error` say how the run ended. With an `Idempotency-Key` header a repeated request joins the run of the first, and is answered with `Idempotency-Replayed: true`; a key belongs to one agent and lives as long as its run is stored.",
  access: "token",
  pathParams,
  body: RunRequest,
  answer: RunAnswer,
  answerStatuses: [200, 202],
  problems: [
    "agent_not_found",
    "agent_disabled",
    "invalid_params",
    "invalid_idempotency_key",
    "idempotency_mismatch",
    "agent_at_limit",
    "overloaded",
    "storage_unavailable",
    "coordinator_unavailable",
  ],
  async handle({ path, body }, c) {
    const agent = findAgent(path.name, c);
    if (!agent.enabled) {
      throw new ProblemError({ code: "agent_disabled", detail: `Agent "${agent.name}" is disabled.` });
    }
    const params = body.params ?? {};
    const input = await agent.input.safeParseAsync(params);
    if (!input.success) throw invalid("invalid_params", input.error, ["params"]);

    const running = runAgent({
      agent,
      input: input.data,
      inputJson: JSON.stringify(params),
      ...(await identityOf(c, agent.name, { params })),
      env: c.env,
      serviceOrigin: new URL(c.req.url).origin,
    });
    // A caller who goes away takes the Worker with it, unless the run holds on to it.
    c.executionCtx.waitUntil(running);
    return answerTo(await running, agent, c);
  },
});

export const agentRoutes = [listAgents, getAgent, runAnAgent];

function findAgent(name: string, c: AppContext): Agent {
  const agent = c.get("registry").get(name);
  if (agent === undefined) {
    throw new ProblemError({ code: "agent_not_found", detail: `There is no agent named "${name}".` });
  }
  return agent;
}

async function answerTo(outcome: RunOutcome, agent: Agent, c: AppContext): Promise<Reply<z.input<typeof RunAnswer>>> {
  switch (outcome.kind) {
    case "recorded":
      return { body: runAnswer(outcome.run) };
    case "refused":
      throw new ProblemError(outcome.problem);
    case "joined":
      return joinedAnswer(outcome.runId, agent.timeoutMs + LEASE_GRACE_MS, c);
    case "closed_elsewhere":
      return { body: runAnswer(await storedRun(outcome.runId, 0, c)) };
    default:
      return outcome satisfies never;
  }
}

async function joinedAnswer(runId: number, waitMs: number, c: AppContext): Promise<Reply<z.input<typeof RunAnswer>>> {
  const run = await storedRun(runId, waitMs, c);
  const headers = { "Idempotency-Replayed": "true" };
  return { status: isTerminal(run.status) ? 200 : 202, headers, body: runAnswer(run) };
}

async function storedRun(runId: number, waitMs: number, c: AppContext): Promise<RunRecord> {
  const run = await awaitRun(c.env.DB, runId, waitMs);
  if (run === null) throw new Error(`the coordinator knows run ${runId} but the history does not`);
  return run;
}

async function summarize(agents: readonly Agent[], c: AppContext): Promise<AgentSummary[]> {
  const names = agents.map((agent) => agent.name);
  const activity = await readAgentActivity(c.env.DB, names);
  return agents.map((agent) => agentSummary(agent, activity.get(agent.name)));
}

function agentSummary(agent: Agent, activity: AgentActivity | undefined): AgentSummary {
  if (activity === undefined) throw new Error(`no activity was read for agent "${agent.name}"`);
  return {
    name: agent.name,
    display_name: agent.displayName,
    description: agent.description,
    role: agent.role,
    model: null,
    category: agent.category,
    tags: [...agent.tags],
    schedule: null,
    status: agentStatus({ enabled: agent.enabled, live: activity.live, lastStatus: activity.lastStatus }),
    enabled: agent.enabled,
    run_count: activity.runs,
    total_runs: activity.runs,
    total_cost: microusdToUsd(activity.costMicrousd),
    avg_duration_seconds: activity.runs === 0 ? null : activity.durationMs / activity.runs / 1_000,
    last_run: instantOrNull(activity.lastCreatedAtMs),
  };
}
