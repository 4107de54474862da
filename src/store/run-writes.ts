import type { RunStatus } from "../contract/run.ts";
import { DAY_MS } from "../core/day.ts";
import { StorageError, storage } from "./storage.ts";

/** A run's row appears, running. Repeated under the same `requestKey` it finds the row instead. */
export interface BeginWrite {
  kind: "begin";
  requestKey: string;
  agentName: string;
  framework: string;
  inputJson: string;
  startedAtMs: number;
  leaseExpiresAtMs: number;
}

/** An attempt's result is recorded, if the run is still that attempt's. Repeated it changes nothing. */
export interface FinishWrite {
  kind: "finish";
  runId: number;
  attempt: number;
  status: Extract<RunStatus, "completed" | "failed" | "timed_out">;
  outputJson: string | null;
  outputTruncated: boolean;
  error: string | null;
  tokensInput: number;
  tokensOutput: number;
  costMicrousd: number;
  durationMs: number;
  metadataJson: string;
  completedAtMs: number;
}

/** An attempt whose lease ran out by `completedAtMs` is closed: its executor vanished. */
export interface InterruptWrite {
  kind: "interrupt";
  runId: number;
  attempt: number;
  error: string;
  completedAtMs: number;
}

export type RunWrite = BeginWrite | FinishWrite | InterruptWrite;

/** `began`: the run's id, and whether this very write made the row. `closed`: whether this very write changed it. */
export type RunWriteResult =
  | { kind: "began"; runId: number; created: boolean; status: RunStatus; attempt: number; startedAtMs: number }
  | { kind: "closed"; changed: boolean };

export const INSERT_RUN = `
  INSERT INTO agent_runs (agent_name, framework, status, input_data, started_at, created_at,
                          request_key, attempt, lease_expires_at)
  VALUES (?1, ?2, 'running', ?3, ?4, ?4, ?5, 1, ?6)
  ON CONFLICT (request_key) DO NOTHING`;

export const FINISH_RUN = `
  UPDATE agent_runs
     SET status = ?3, output_data = ?4, output_truncated = ?5, error = ?6, tokens_input = ?7, tokens_output = ?8,
         cost_microusd = ?9, duration_ms = ?10, metadata = ?11, completed_at = ?12, finish_key = ?13
   WHERE id = ?1 AND attempt = ?2 AND status = 'running'`;

export const INTERRUPT_RUN = `
  UPDATE agent_runs
     SET status = 'interrupted', error = ?3, duration_ms = max(0, ?4 - started_at), completed_at = ?4, finish_key = ?5
   WHERE id = ?1 AND attempt = ?2 AND status = 'running' AND lease_expires_at <= ?4`;

/**
 * Adds up the rows that this very transaction closed, read from the rows themselves. The finish key is new
 * for every try: a repeat after a lost reply closes nothing, and so adds nothing.
 */
export const ROLL_UP_USAGE = `
  INSERT INTO usage_daily (agent_name, day, runs, tokens_input, tokens_output, cost_microusd, duration_ms)
  SELECT agent_name, completed_at / ${DAY_MS}, count(*), sum(tokens_input), sum(tokens_output),
         sum(cost_microusd), sum(duration_ms)
    FROM agent_runs
   WHERE id IN (SELECT value FROM json_each(?1)) AND finish_key = ?2
   GROUP BY 1, 2
      ON CONFLICT (agent_name, day) DO UPDATE
     SET runs = runs + excluded.runs,
         tokens_input = tokens_input + excluded.tokens_input,
         tokens_output = tokens_output + excluded.tokens_output,
         cost_microusd = cost_microusd + excluded.cost_microusd,
         duration_ms = duration_ms + excluded.duration_ms`;

export const SELECT_BY_REQUEST_KEY = `
  SELECT id, status, attempt, started_at FROM agent_runs WHERE request_key = ?1`;

/**
 * Commits the writes as one transaction and answers each in its place. On return they are durable; on a
 * {@link StorageError} all or none are, and the same writes may be given again.
 * `finishKey` must be new for every call.
 */
export async function commitRunWrites(
  db: D1Database,
  writes: readonly RunWrite[],
  finishKey: string,
): Promise<RunWriteResult[]> {
  const statements = writes.map((write) => runStatement(db, write, finishKey));
  const closing = writes.flatMap((write) => (write.kind === "begin" ? [] : [write.runId]));
  if (closing.length > 0) statements.push(db.prepare(ROLL_UP_USAGE).bind(JSON.stringify(closing), finishKey));

  const results = await storage("commit run writes", () => db.batch(statements));
  return Promise.all(writes.map((write, index) => runWriteResult(db, write, results[index])));
}

function runStatement(db: D1Database, write: RunWrite, finishKey: string): D1PreparedStatement {
  switch (write.kind) {
    case "begin":
      return db
        .prepare(INSERT_RUN)
        .bind(
          write.agentName,
          write.framework,
          write.inputJson,
          write.startedAtMs,
          write.requestKey,
          write.leaseExpiresAtMs,
        );
    case "finish":
      return db
        .prepare(FINISH_RUN)
        .bind(
          write.runId,
          write.attempt,
          write.status,
          write.outputJson,
          write.outputTruncated ? 1 : 0,
          write.error,
          write.tokensInput,
          write.tokensOutput,
          write.costMicrousd,
          write.durationMs,
          write.metadataJson,
          write.completedAtMs,
          finishKey,
        );
    case "interrupt":
      return db.prepare(INTERRUPT_RUN).bind(write.runId, write.attempt, write.error, write.completedAtMs, finishKey);
    default:
      return write satisfies never;
  }
}

async function runWriteResult(db: D1Database, write: RunWrite, result: D1Result | undefined): Promise<RunWriteResult> {
  if (result === undefined) throw new StorageError("D1 answered fewer results than it was given statements");
  const changed = result.meta.changes === 1;
  if (write.kind !== "begin") return { kind: "closed", changed };
  // After an ignored conflict last_row_id is that of some earlier INSERT: only `changes` tells.
  if (!changed) return readBegun(db, write.requestKey);
  const runId = result.meta.last_row_id;
  return { kind: "began", runId, created: true, status: "running", attempt: 1, startedAtMs: write.startedAtMs };
}

async function readBegun(db: D1Database, requestKey: string): Promise<RunWriteResult> {
  const row = await storage("find the run of a request", () =>
    db
      .prepare(SELECT_BY_REQUEST_KEY)
      .bind(requestKey)
      .first<{ id: number; status: RunStatus; attempt: number; started_at: number }>(),
  );
  if (row === null) throw new StorageError("a run refused as a duplicate is not there");
  return {
    kind: "began",
    runId: row.id,
    created: false,
    status: row.status,
    attempt: row.attempt,
    startedAtMs: row.started_at,
  };
}
