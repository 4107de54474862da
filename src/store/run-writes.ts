import type { RunStatus } from "../contract/run.ts";
import { DAY_MS } from "../core/day.ts";
import { StorageError, storage } from "./storage.ts";

/** A run's row appears, running. Repeated under the same `requestKey` it finds the row instead. */
export interface BeginWrite {
  kind: "begin";
  requestKey: string;
  /** What was asked for under that key, where a caller chose it. */
  fingerprint: string | null;
  /** Names the executor that the attempt belongs to. */
  leaseKey: string;
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

/** The run that a request key names, whoever made it. */
export interface BegunRow {
  runId: number;
  status: RunStatus;
  attempt: number;
  startedAtMs: number;
  fingerprint: string | null;
  leaseKey: string | null;
}

/** `began`: the request's run, made by this very write or found. `closed`: whether this very write changed it. */
export type RunWriteResult = { kind: "began"; row: BegunRow } | { kind: "closed"; changed: boolean };

export const INSERT_RUN = `
  INSERT INTO agent_runs (agent_name, framework, status, input_data, started_at, created_at,
                          request_key, attempt, lease_expires_at, fingerprint, lease_key)
  VALUES (?1, ?2, 'running', ?3, ?4, ?4, ?5, 1, ?6, ?7, ?8)
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
  SELECT id AS runId, status, attempt, started_at AS startedAtMs, fingerprint, lease_key AS leaseKey
    FROM agent_runs WHERE request_key = ?1`;

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
          write.fingerprint,
          write.leaseKey,
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
  if (changed) return { kind: "began", row: insertedRow(write, result.meta.last_row_id) };
  const row = await readByRequestKey(db, write.requestKey);
  if (row === null) throw new StorageError("a run refused as a duplicate is not there");
  return { kind: "began", row };
}

function insertedRow({ startedAtMs, fingerprint, leaseKey }: BeginWrite, runId: number): BegunRow {
  return { runId, status: "running", attempt: 1, startedAtMs, fingerprint, leaseKey };
}

/** The run that a request key names, or null. */
export function readByRequestKey(db: D1Database, requestKey: string): Promise<BegunRow | null> {
  return storage("find the run of a request", () =>
    db.prepare(SELECT_BY_REQUEST_KEY).bind(requestKey).first<BegunRow>(),
  );
}
