import type { RunStatus, RunTrigger } from "../contract/run.ts";

/** How a run went. Of an error only the beginning. */
export interface HistoryRun {
  id: number;
  agent: string;
  status: RunStatus;
  trigger: RunTrigger;
  attempt: number;
  inputTokens: number;
  outputTokens: number;
  costUsd: number;
  durationMs: number | null;
  error: string | null;
  createdAtMs: number;
  completedAtMs: number | null;
}

export interface HistoryQuery {
  agent?: string;
  status?: RunStatus;
  /** Created at this instant or later. */
  sinceMs?: number;
  /** Created before this instant. */
  untilMs?: number;
  /** Ids below this one: the last of the page before. */
  beforeId?: number;
  /** At most 1,000. */
  limit: number;
}

/**
 * What an agent may read of the run history: of every agent's runs, and nothing that it could change. Each read costs
 * in proportion to what it answers, never to what is stored.
 */
export interface AgentHistory {
  /** Newest first. */
  runs(query: HistoryQuery): Promise<HistoryRun[]>;
  /** The run and what went in and came out, as JSON values; null: there is none. A cut output is a text. */
  run(runId: number): Promise<(HistoryRun & { input: unknown; output: unknown; outputTruncated: boolean }) | null>;
}
