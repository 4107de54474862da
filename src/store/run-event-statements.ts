import type { RunEventData } from "../contract/run-event.ts";
import type { AppendEventsWrite, CloseWrite, RequestCancelWrite, RetryWrite, RunWrite } from "./run-write.ts";

// `seq` is counted on in the statement that writes it: whatever else is on its way, the order is that of the commits.

/** What an attempt says while the run is still its own. The executor's number tells what was written before. */
export const APPEND_EVENTS = `
  INSERT INTO run_events (run_id, seq, at, type, attempt, n, data)
  SELECT ?1, coalesce((SELECT max(seq) FROM run_events WHERE run_id = ?1), 0) + row_number() OVER (ORDER BY told.n),
         told.at, told.type, ?2, told.n, told.data
    FROM (SELECT value ->> 'n' AS n, value ->> 'atMs' AS at, value ->> 'type' AS type, value ->> 'dataJson' AS data
            FROM json_each(?3)) AS told
   WHERE told.n > coalesce((SELECT n FROM run_events WHERE run_id = ?1 AND attempt = ?2 AND n IS NOT NULL
                             ORDER BY seq DESC LIMIT 1), 0)
     AND EXISTS (SELECT 1 FROM agent_runs WHERE id = ?1 AND attempt = ?2 AND status = 'running')`;

export const RECORD_ATTEMPT_END = `
  INSERT INTO run_events (run_id, seq, at, type, attempt, data)
  SELECT id, 1 + coalesce((SELECT max(seq) FROM run_events WHERE run_id = ?1), 0), ?4, 'attempt_ended', attempt,
         json_set(?5, '$.startedAtMs', coalesce(attempt_started_at, started_at))
    FROM agent_runs
   WHERE id = ?1 AND attempt = ?2 AND status = 'running' AND (?3 IS NULL OR lease_expires_at <= ?3)
     AND (?6 = 'close' OR cancel_requested_at IS NULL)`;

export const RECORD_CANCEL_REQUEST = `
  INSERT INTO run_events (run_id, seq, at, type, attempt, data)
  SELECT id, 1 + coalesce((SELECT max(seq) FROM run_events WHERE run_id = ?1), 0), ?2, 'cancel_requested', attempt, '{}'
    FROM agent_runs
   WHERE id = ?1 AND status = 'running' AND cancel_requested_at IS NULL`;

export function appendEvents(
  db: D1Database,
  { runId, attempt, events }: Omit<AppendEventsWrite, "kind">,
): D1PreparedStatement {
  return db.prepare(APPEND_EVENTS).bind(runId, attempt, JSON.stringify(events));
}

/** The events of a state change, each written if and only if the change will be. A plain run's have none. */
export function eventStatements(db: D1Database, write: RunWrite): D1PreparedStatement[] {
  switch (write.kind) {
    case "close":
    case "retry":
      return [
        ...(write.events.length === 0 ? [] : [appendEvents(db, write)]),
        ...(isWorthTelling(write) ? [recordAttemptEnd(db, write)] : []),
      ];
    case "hand_over":
      return write.events.length === 0 ? [] : [appendEvents(db, write)];
    case "request_cancel":
      return [recordCancelRequest(db, write)];
    case "begin":
    case "claim":
    case "put_back":
    case "extend":
    case "append_events":
      return [];
    default:
      return write satisfies never;
  }
}

/** How the one attempt of a run ended, its own row says. */
function isWorthTelling(write: CloseWrite | RetryWrite): boolean {
  return write.kind === "retry" || (write.from === "running" && write.attempt > 1);
}

function recordAttemptEnd(db: D1Database, write: CloseWrite | RetryWrite): D1PreparedStatement {
  const { runId, attempt, ifLeaseExpiredByMs, error } = write;
  const retrying = write.kind === "retry";
  const data: Omit<Extract<RunEventData, { type: "attempt_ended" }>, "startedAtMs"> = {
    type: "attempt_ended",
    end: retrying ? write.end : write.status,
    error,
    retryAtMs: retrying ? write.availableAtMs : null,
  };
  const atMs = retrying ? write.endedAtMs : write.completedAtMs;
  return db
    .prepare(RECORD_ATTEMPT_END)
    .bind(runId, attempt, ifLeaseExpiredByMs, atMs, JSON.stringify(data), write.kind);
}

function recordCancelRequest(db: D1Database, { runId, atMs }: RequestCancelWrite): D1PreparedStatement {
  return db.prepare(RECORD_CANCEL_REQUEST).bind(runId, atMs);
}
