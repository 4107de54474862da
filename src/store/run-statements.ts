import { DAY_MS } from "../core/day.ts";
import { HAS_ROOM } from "./budget-statements.ts";
import { addModelUsage, modelUsageJson } from "./model-usage-statements.ts";
import { appendEvents, eventStatements } from "./run-event-statements.ts";
import type {
  AppendEventsWrite,
  BeginWrite,
  ClaimWrite,
  CloseWrite,
  HandOverWrite,
  PutBackWrite,
  RetryWrite,
  RunWrite,
} from "./run-write.ts";

export const INSERT_RUN = `
  INSERT INTO agent_runs (agent_name, framework, status, input_data, created_at, started_at, request_key, attempt,
                          lease_expires_at, fingerprint, lease_key, policy, priority, available_at, queue_expires_at,
                          trigger, replay_of, agent_version)
  SELECT ?1, ?2, ?3, ?4, ?5, iif(?3 = 'running', ?5, NULL), ?6, 1, ?7, ?8, ?9,
         iif(?10 ->> '$.reservation' IS NULL, ?10, json_set(?10, '$.reservation.key', ?18)), ?11, ?12, ?13, ?14, ?15, ?16
   WHERE ${HAS_ROOM}
  ON CONFLICT (request_key) DO NOTHING`;

/** Each claim ends the lease later than any before it, so that what was decided of an earlier lease finds another. */
export const CLAIM_RUN = `
  UPDATE agent_runs
     SET status = 'running', started_at = coalesce(started_at, ?4), attempt_started_at = ?4, lease_key = ?3,
         agent_version = ?6,
         lease_expires_at = max(coalesce(lease_expires_at + 1, 0), ?5)
   WHERE id = ?1 AND attempt = ?2 AND handed_over_at IS NULL
     AND (status = 'queued' OR (status = 'running' AND lease_key = ?3))
  RETURNING input_data AS inputJson, agent_version AS agentVersion, created_at AS createdAtMs, started_at AS startedAtMs`;

export const PUT_BACK_RUN = `
  UPDATE agent_runs
     SET status = 'queued', started_at = iif(attempt = 1, NULL, started_at), available_at = ?5, queue_expires_at = ?6,
         lease_key = NULL, lease_expires_at = NULL
   WHERE id = ?1 AND attempt = ?2 AND status = 'running' AND lease_key = ?3 AND lease_expires_at = ?4
     AND cancel_requested_at IS NULL`;

export const EXTEND_LEASE = `
  UPDATE agent_runs SET lease_expires_at = max(lease_expires_at, ?3)
   WHERE id = ?1 AND attempt = ?2 AND status = 'running' AND handed_over_at IS NULL`;

/** What it used until then is added the first time only: a repeat after a lost reply finds it handed over. */
export const HAND_OVER = `
  UPDATE agent_runs
     SET handed_over_at = ?3, lease_expires_at = ?4,
         tokens_input = tokens_input + iif(handed_over_at IS NULL, ?5, 0),
         tokens_output = tokens_output + iif(handed_over_at IS NULL, ?6, 0),
         cost_microusd = cost_microusd + iif(handed_over_at IS NULL, ?7, 0),
         ${addModelUsage("iif(handed_over_at IS NULL, ?8, NULL)")}
   WHERE id = ?1 AND attempt = ?2 AND status = 'running' AND cancel_requested_at IS NULL`;

/** The lease of a run that was handed over ends with it: there is no heartbeat to tell it by, but the sweep looks. */
export const REQUEST_CANCEL = `
  UPDATE agent_runs
     SET cancel_requested_at = ?2, lease_expires_at = iif(handed_over_at IS NULL, lease_expires_at, ?2)
   WHERE id = ?1 AND status = 'running' AND cancel_requested_at IS NULL`;

const RESULT_OF_ATTEMPT = `
  error = ?3, output_data = ?4, output_truncated = ?5, tokens_input = tokens_input + ?6,
  tokens_output = tokens_output + ?7, cost_microusd = cost_microusd + ?8,
  duration_ms = coalesce(duration_ms, 0) + ?9`;

export const CLOSE_RUN = `
  UPDATE agent_runs
     SET ${RESULT_OF_ATTEMPT}, status = ?11, completed_at = ?12, finish_key = ?13, ${addModelUsage("?15")}
   WHERE id = ?1 AND attempt = ?2 AND status = ?14 AND (?10 IS NULL OR lease_expires_at <= ?10)`;

export const RETRY_RUN = `
  UPDATE agent_runs
     SET ${RESULT_OF_ATTEMPT}, status = 'queued', attempt = attempt + 1, available_at = ?11, queue_expires_at = ?12,
         lease_key = NULL, lease_expires_at = NULL, handed_over_at = NULL, ${addModelUsage("?13")}
   WHERE id = ?1 AND attempt = ?2 AND status = 'running' AND cancel_requested_at IS NULL
     AND (?10 IS NULL OR lease_expires_at <= ?10)`;

/**
 * Adds up the rows that this very transaction closed, read from the rows themselves. The finish key is new
 * for every try: a repeat after a lost reply closes nothing, and so adds nothing.
 */
export const ROLL_UP_USAGE = `
  INSERT INTO usage_daily (agent_name, day, runs, tokens_input, tokens_output, cost_microusd, duration_ms, ended_by_hour)
  SELECT agent_name, completed_at / ${DAY_MS}, count(*), sum(tokens_input), sum(tokens_output),
         sum(cost_microusd), sum(duration_ms),
         json_object(CAST(completed_at % ${DAY_MS} / 3600000 AS TEXT), json_array(
           sum(status = 'completed'), sum(status IN ('failed', 'timed_out', 'interrupted'))))
    FROM agent_runs
   WHERE id IN (SELECT value FROM json_each(?1)) AND finish_key = ?2
   GROUP BY agent_name, completed_at / 3600000
      ON CONFLICT (agent_name, day) DO UPDATE
     SET runs = runs + excluded.runs,
         tokens_input = tokens_input + excluded.tokens_input,
         tokens_output = tokens_output + excluded.tokens_output,
         cost_microusd = cost_microusd + excluded.cost_microusd,
         duration_ms = duration_ms + excluded.duration_ms,
         ended_by_hour = (
           SELECT json_set(usage_daily.ended_by_hour, hour.fullkey, json_array(
                    coalesce(usage_daily.ended_by_hour ->> (hour.fullkey || '[0]'), 0) + (hour.value ->> 0),
                    coalesce(usage_daily.ended_by_hour ->> (hour.fullkey || '[1]'), 0) + (hour.value ->> 1)))
             FROM json_each(excluded.ended_by_hour) AS hour)`;

/**
 * The statements that make a write, the last of which tells what became of it; `finishKey` marks the runs that it
 * closes. Events go first: they are the attempt's only while the run is.
 */
export function runStatements(db: D1Database, write: RunWrite, finishKey: string): D1PreparedStatement[] {
  if (write.kind === "append_events") return [appendEvents(db, write)];
  return [...eventStatements(db, write), runStatement(db, write, finishKey)];
}

function runStatement(
  db: D1Database,
  write: Exclude<RunWrite, AppendEventsWrite>,
  finishKey: string,
): D1PreparedStatement {
  switch (write.kind) {
    case "begin":
      return db.prepare(INSERT_RUN).bind(...beginValues(write), finishKey);
    case "claim":
      return db.prepare(CLAIM_RUN).bind(...claimValues(write));
    case "put_back":
      return db.prepare(PUT_BACK_RUN).bind(...putBackValues(write));
    case "extend":
      return db.prepare(EXTEND_LEASE).bind(write.runId, write.attempt, write.leaseExpiresAtMs);
    case "hand_over":
      return db.prepare(HAND_OVER).bind(...handOverValues(write));
    case "request_cancel":
      return db.prepare(REQUEST_CANCEL).bind(write.runId, write.atMs);
    case "close":
      return db
        .prepare(CLOSE_RUN)
        .bind(
          ...endingValues(write),
          write.status,
          write.completedAtMs,
          finishKey,
          write.from,
          modelUsageJson(write.result),
        );
    case "retry":
      return db
        .prepare(RETRY_RUN)
        .bind(...endingValues(write), write.availableAtMs, write.queueExpiresAtMs, modelUsageJson(write.result));
    default:
      return write satisfies never;
  }
}

function beginValues(write: BeginWrite): unknown[] {
  return [
    write.agentName,
    write.framework,
    write.status,
    write.inputJson,
    write.createdAtMs,
    write.requestKey,
    write.leaseExpiresAtMs,
    write.fingerprint,
    write.leaseKey,
    write.policyJson,
    write.priority,
    write.availableAtMs,
    write.queueExpiresAtMs,
    write.trigger,
    write.replayOf,
    write.agentVersion,
    write.sharedBudgetVersion,
  ];
}

function claimValues(write: ClaimWrite): unknown[] {
  return [write.runId, write.attempt, write.leaseKey, write.startedAtMs, write.leaseExpiresAtMs, write.agentVersion];
}

function putBackValues(write: PutBackWrite): unknown[] {
  const { runId, attempt, leaseKey, leaseExpiresAtMs, availableAtMs, queueExpiresAtMs } = write;
  return [runId, attempt, leaseKey, leaseExpiresAtMs, availableAtMs, queueExpiresAtMs];
}

function handOverValues({ runId, attempt, atMs, leaseExpiresAtMs, used }: HandOverWrite): unknown[] {
  const { tokensInput, tokensOutput, costMicrousd } = used;
  return [runId, attempt, atMs, leaseExpiresAtMs, tokensInput, tokensOutput, costMicrousd, modelUsageJson(used)];
}

function endingValues({ runId, attempt, error, result, ifLeaseExpiredByMs }: CloseWrite | RetryWrite): unknown[] {
  return [
    runId,
    attempt,
    error,
    result?.outputJson ?? null,
    result?.outputTruncated ? 1 : 0,
    result?.tokensInput ?? 0,
    result?.tokensOutput ?? 0,
    result?.costMicrousd ?? 0,
    result?.durationMs ?? 0,
    ifLeaseExpiredByMs,
  ];
}
