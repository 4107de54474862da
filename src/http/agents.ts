import * as z from "zod";
import type { Agent } from "../agents/define-agent.ts";
import { AgentDetail, AgentList, AgentListQuery, type AgentSummary } from "../contract/agent.ts";
import { RECENT_RUNS } from "../contract/limits.ts";
import { AgentName } from "../contract/names.ts";
import { RunAnswer, RunRequest } from "../contract/run.ts";
import { agentStatus } from "../core/agent-status.ts";
import { microusdToUsd } from "../core/money.ts";
import { type AgentActivity, readAgentActivity } from "../store/agent-activity.ts";
import { listRuns } from "../store/runs.ts";
import type { AppContext } from "./app-context.ts";
import { findAgent, findRunnableAgent } from "./find-agent.ts";
import { defineRoute } from "./route.ts";
import { serveRun } from "./run-request.ts";
import { instantOrNull, runSummary } from "./run-view.ts";

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
          concurrency: {
            limit: agent.concurrency.limit,
            when_full: agent.concurrency.whenFull,
            max_queued: agent.concurrency.maxQueued,
          },
          queue_ttl_ms: agent.queueTtlMs,
          retry: {
            max_attempts: agent.retry.maxAttempts,
            min_delay_ms: agent.retry.minDelayMs,
            max_delay_ms: agent.retry.maxDelayMs,
            factor: agent.retry.factor,
            on: agent.retry.on,
          },
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
  summary: "Run an agent",
  description:
    "Answers when the run has ended, with the run as the history has it. A run that failed is a 200 with `success: false`: the request was carried out, and `status` and `error` say how the run ended. With an `Idempotency-Key` header a repeated request joins the run of the first, and is answered with `Idempotency-Replayed: true`; a key belongs to one agent and lives as long as its run is stored.",
  access: "token",
  pathParams,
  body: RunRequest,
  answer: RunAnswer,
  answerStatuses: [200, 202],
  stream: {
    description:
      "`accepted` with the `run_id`; then the run's events as GET /api/agents/runs/{id}/events sends them, where a stream that breaks off can be gone on with; then `end`, whose data is the run's answer.",
  },
  problems: [
    "agent_not_found",
    "agent_disabled",
    "webhook_not_configured",
    "invalid_params",
    "invalid_idempotency_key",
    "idempotency_mismatch",
    "agent_at_limit",
    "queue_full",
    "overloaded",
    "storage_unavailable",
    "coordinator_unavailable",
  ],
  async handle({ path, body }, c) {
    return serveRun(findRunnableAgent(path.name, c), body, c);
  },
});

export const agentRoutes = [listAgents, getAgent, runAnAgent];

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
