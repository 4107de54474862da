import * as z from "zod";
import type { Agent } from "../agents/define-agent.ts";
import type { AgentDetail, AgentSummary } from "../contract/agent.ts";
import type { JobTrigger } from "../contract/job-trigger.ts";
import { RECENT_RUNS } from "../contract/limits.ts";
import { agentStatus } from "../core/agent-status.ts";
import { microusdToUsd } from "../core/money.ts";
import { describeTrigger } from "../core/schedule/describe-trigger.ts";
import { type AgentActivity, readAgentActivity } from "../store/agent-activity.ts";
import { readNextTriggers } from "../store/agent-schedules.ts";
import { listRuns } from "../store/runs.ts";
import type { AppContext } from "./app-context.ts";
import { instantOrNull, runSummary } from "./run-view.ts";

/** Agents as a list shows them, with what they have done. */
export async function agentSummaries(agents: readonly Agent[], c: AppContext): Promise<AgentSummary[]> {
  const names = agents.map((agent) => agent.name);
  const [activity, triggers] = await Promise.all([
    readAgentActivity(c.env.DB, names),
    readNextTriggers(c.env.DB, names),
  ]);
  return agents.map((agent) => agentSummary(agent, activity.get(agent.name), triggers.get(agent.name)));
}

/** An agent by itself: its configuration and its newest runs too. */
export async function agentDetail(agent: Agent, c: AppContext): Promise<AgentDetail> {
  const filter = { status: null, sinceMs: null, untilMs: null, beforeId: null, limit: RECENT_RUNS };
  const [[summary], runs] = await Promise.all([
    agentSummaries([agent], c),
    listRuns(c.env.DB, { ...filter, agentName: agent.name }),
  ]);
  if (summary === undefined) throw new Error("a summary of one agent is one summary");
  const { concurrency, retry } = agent;
  return {
    ...summary,
    config: {
      timeout_ms: agent.timeoutMs,
      concurrency: {
        limit: concurrency.limit,
        when_full: concurrency.whenFull,
        max_queued: concurrency.maxQueued,
      },
      queue_ttl_ms: agent.queueTtlMs,
      retry: {
        max_attempts: retry.maxAttempts,
        min_delay_ms: retry.minDelayMs,
        max_delay_ms: retry.maxDelayMs,
        factor: retry.factor,
        on: retry.on,
      },
      webhook_url: agent.webhookUrl,
      budget: agent.budget,
      input_schema: z.toJSONSchema(agent.input, { io: "input", unrepresentable: "any" }),
      output_schema: z.toJSONSchema(agent.output, { io: "output", unrepresentable: "any" }),
    },
    stored: agent.stored,
    tools: [...agent.tools],
    recent_runs: runs.map(runSummary),
  };
}

function agentSummary(
  agent: Agent,
  activity: AgentActivity | undefined,
  trigger: JobTrigger | undefined,
): AgentSummary {
  if (activity === undefined) throw new Error(`no activity was read for agent "${agent.name}"`);
  return {
    name: agent.name,
    kind: agent.framework,
    version: agent.version,
    display_name: agent.displayName,
    description: agent.description,
    role: agent.role,
    model: agent.model,
    category: agent.category,
    tags: [...agent.tags],
    schedule: trigger === undefined ? null : describeTrigger(trigger),
    status: agentStatus({ enabled: agent.enabled, live: activity.live, lastStatus: activity.lastStatus }),
    enabled: agent.enabled,
    run_count: activity.runs,
    total_runs: activity.runs,
    total_cost: microusdToUsd(activity.costMicrousd),
    avg_duration_seconds: activity.runs === 0 ? null : activity.durationMs / activity.runs / 1_000,
    last_run: instantOrNull(activity.lastCreatedAtMs),
  };
}
