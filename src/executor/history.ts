import type { AgentHistory, HistoryRun } from "../agents/history.ts";
import { MAX_HISTORY_RUNS } from "../contract/limits.ts";
import type { RunOutline } from "../contract/run-record.ts";
import { microusdToUsd } from "../core/money.ts";
import type { Env } from "../env.ts";
import { listRunOutlines, readRun } from "../store/runs.ts";

/** What the attempt's agent may read of the history. */
export function createHistory(env: Env): AgentHistory {
  return {
    async runs({ agent, status, sinceMs, untilMs, beforeId, limit }) {
      const outlines = await listRunOutlines(env.DB, {
        agentName: agent ?? null,
        status: status ?? null,
        sinceMs: sinceMs ?? null,
        untilMs: untilMs ?? null,
        beforeId: beforeId ?? null,
        limit: Math.min(limit, MAX_HISTORY_RUNS),
      });
      return outlines.map(historyRun);
    },
    async run(runId) {
      const run = await readRun(env.DB, runId);
      if (run === null) return null;
      return {
        ...historyRun(run),
        input: JSON.parse(run.input_data) as unknown,
        output: run.output_data === null ? null : (JSON.parse(run.output_data) as unknown),
        outputTruncated: run.output_truncated === 1,
      };
    },
  };
}

function historyRun(run: RunOutline): HistoryRun {
  return {
    id: run.id,
    agent: run.agent_name,
    status: run.status,
    trigger: run.trigger,
    attempt: run.attempt,
    inputTokens: run.tokens_input,
    outputTokens: run.tokens_output,
    costUsd: microusdToUsd(run.cost_microusd),
    durationMs: run.duration_ms,
    error: run.error,
    createdAtMs: run.created_at,
    completedAtMs: run.completed_at,
  };
}
