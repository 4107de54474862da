import { CLOCK_SKEW_MS, MAX_LISTED_OUTPUT_BYTES, MAX_OUTLINED_ERROR_CHARS } from "../contract/limits.ts";
import type { RunStatus, RunTrigger } from "../contract/run.ts";
import { RunListRecord, RunOutline, StoredRun } from "../contract/run-record.ts";
import { storage } from "./storage.ts";

export interface RunFilter {
  agentName: string | null;
  status: RunStatus | null;
  /** Left out: of any job, or none. */
  jobId?: string | null;
  /** Left out: whatever made it. */
  trigger?: RunTrigger | null;
  /** Created at this instant or later. */
  sinceMs: number | null;
  /** Created before this instant. */
  untilMs: number | null;
  /** Ids below this one. */
  beforeId: number | null;
  limit: number;
}

const AVAILABLE_AT = "iif(status = 'queued', available_at, NULL) AS available_at";

export const SELECT_RUN = `
  SELECT id, agent_name, framework, agent_version, status, trigger, replay_of, job_id, nominal_at, attempt,
         priority, ${AVAILABLE_AT}, input_data, output_data, output_truncated, tokens_input,
         tokens_output, cost_microusd, duration_ms, error, created_at, started_at, completed_at, model_usage
    FROM agent_runs WHERE id = ?1`;

const SELECT_STATUS = "SELECT status FROM agent_runs WHERE id = ?1";

const LISTED_COLUMNS = `
  id, agent_name, framework, agent_version, status, trigger, replay_of, job_id, nominal_at, attempt, priority,
  ${AVAILABLE_AT},
  CASE WHEN octet_length(output_data) <= ${MAX_LISTED_OUTPUT_BYTES} THEN output_data END AS output_data,
  output_truncated OR coalesce(octet_length(output_data) > ${MAX_LISTED_OUTPUT_BYTES}, 0) AS output_truncated,
  tokens_input, tokens_output, cost_microusd, duration_ms, error, created_at, started_at, completed_at`;

/** The whole run, or null. */
export async function readRun(db: D1Database, runId: number): Promise<StoredRun | null> {
  const row = await storage("read a run", () => db.prepare(SELECT_RUN).bind(runId).first());
  return row === null ? null : StoredRun.parse(row);
}

/** A run's status, or null. */
export async function readRunStatus(db: D1Database, runId: number): Promise<RunStatus | null> {
  return storage("read a run's status", () => db.prepare(SELECT_STATUS).bind(runId).first<RunStatus>("status"));
}

/** Runs that match, newest first, at most `limit`. Reads in proportion to what it returns, not to what is stored. */
export async function listRuns(db: D1Database, filter: RunFilter): Promise<RunListRecord[]> {
  const rows = await list(db, filter, LISTED_COLUMNS);
  return rows.map((row) => RunListRecord.parse(row));
}

const OUTLINE_COLUMNS = `
  id, agent_name, status, trigger, attempt, tokens_input, tokens_output, cost_microusd, duration_ms,
  substr(error, 1, ${MAX_OUTLINED_ERROR_CHARS}) AS error, created_at, completed_at`;

/** As `listRuns`, but neither input nor output, and of an error the beginning. */
export async function listRunOutlines(db: D1Database, filter: RunFilter): Promise<RunOutline[]> {
  const rows = await list(db, filter, OUTLINE_COLUMNS);
  return rows.map((row) => RunOutline.parse(row));
}

/** The ids alone of the runs that match, newest first, at most `limit`. */
export async function listRunIds(db: D1Database, filter: RunFilter): Promise<number[]> {
  const rows = await list(db, filter, "id");
  return rows.map((row) => Number(row.id));
}

async function list(db: D1Database, filter: RunFilter, columns: string): Promise<Record<string, unknown>[]> {
  const [fromId, untilId] = await Promise.all([
    filter.sinceMs === null ? 0 : firstRunIdSince(db, filter.sinceMs - CLOCK_SKEW_MS),
    filter.untilMs === null ? Number.MAX_SAFE_INTEGER : firstRunIdSince(db, filter.untilMs + CLOCK_SKEW_MS),
  ]);
  const belowId = Math.min(untilId, filter.beforeId ?? Number.MAX_SAFE_INTEGER);
  const { results } = await storage("list runs", () =>
    db
      .prepare(listStatement(filter, columns))
      .bind(
        fromId,
        belowId,
        filter.limit,
        filter.agentName,
        filter.status,
        filter.sinceMs ?? 0,
        filter.untilMs ?? Number.MAX_SAFE_INTEGER,
        filter.jobId ?? null,
        filter.trigger ?? null,
      )
      .all(),
  );
  return results;
}

/**
 * Which filters there are decides the statement's text: each set of them has an index made for it, and the
 * planner, which has no statistics, would take another. A partial index needs its condition in the text.
 */
export function listStatement(
  { agentName, status, jobId = null, trigger = null }: Pick<RunFilter, "agentName" | "status" | "jobId" | "trigger">,
  columns: string = LISTED_COLUMNS,
): string {
  const ofTrigger = status === null && agentName === null ? trigger : null;
  const { index, condition } = madeBySource(jobId, ofTrigger) ?? listSource(agentName !== null, status);
  const conditions = [
    "id >= ?1 AND id < ?2",
    agentName === null ? "?4 IS NULL" : "agent_name = ?4",
    status === null ? "?5 IS NULL" : "status = ?5",
    condition,
    "created_at >= ?6 AND created_at < ?7",
    jobId === null ? "?8 IS NULL" : "job_id = ?8",
    trigger === null ? "?9 IS NULL" : "trigger = ?9",
  ];
  return `
  SELECT ${columns} FROM agent_runs ${index}
   WHERE ${conditions.filter((text) => text !== null).join(" AND ")} ORDER BY id DESC LIMIT ?3`;
}

interface ListSource {
  index: string;
  condition: string | null;
}

/** Of one job, or of a kind of which there are fewer: null where neither decides. */
function madeBySource(jobId: string | null, trigger: RunTrigger | null): ListSource | null {
  if (jobId !== null) return { index: "INDEXED BY agent_runs_by_job", condition: "job_id IS NOT NULL" };
  if (trigger === null || trigger === "api") return null;
  return { index: "INDEXED BY agent_runs_by_trigger", condition: "trigger IN ('replay', 'job')" };
}

function listSource(ofOneAgent: boolean, status: RunStatus | null): ListSource {
  switch (status) {
    case "queued":
    case "running":
      return { index: "INDEXED BY agent_runs_live", condition: "status IN ('queued', 'running')" };
    case "failed":
    case "cancelled":
    case "timed_out":
    case "interrupted":
      return {
        index: ofOneAgent ? "INDEXED BY agent_runs_unhappy_by_agent" : "INDEXED BY agent_runs_unhappy",
        condition: "status IN ('failed', 'cancelled', 'timed_out', 'interrupted')",
      };
    case "completed": // most runs are, so an index on it would find what the primary key finds
    case null:
      return { index: ofOneAgent ? "INDEXED BY agent_runs_by_agent" : "NOT INDEXED", condition: null };
    default:
      return status satisfies never;
  }
}

/**
 * The first id whose row, or the next row that there is, was created at `instantMs` or later: a binary search
 * over the primary key (about 40 rows for a million), because ids and `created_at` rise together and an index on
 * the instant would be one more row written per run. Exact only as far as they do: allow for CLOCK_SKEW_MS.
 */
export const FIRST_RUN_ID_SINCE = (() => {
  const middle = "(low + high) / 2";
  const earlier = `(SELECT created_at FROM agent_runs WHERE id >= ${middle} ORDER BY id LIMIT 1) < ?1`;
  return `
  WITH RECURSIVE search (low, high) AS (
    SELECT 1, 1 + coalesce((SELECT max(id) FROM agent_runs), 0)
    UNION ALL
    SELECT iif(${earlier}, ${middle} + 1, low), iif(${earlier}, high, ${middle}) FROM search WHERE low < high
  )
  SELECT low FROM search WHERE low = high`;
})();

async function firstRunIdSince(db: D1Database, instantMs: number): Promise<number> {
  const row = await storage("find the first run since an instant", () =>
    db.prepare(FIRST_RUN_ID_SINCE).bind(instantMs).first<{ low: number }>(),
  );
  return row?.low ?? 1;
}
