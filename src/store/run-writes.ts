import { ROLL_UP_USAGE, runStatements } from "./run-statements.ts";
import type { BeginWrite, BegunRow, ClaimWrite, CloseWrite, RunWrite, RunWriteResult } from "./run-write.ts";
import { StorageError, storage } from "./storage.ts";
import { INSERT_DELIVERIES } from "./webhook-deliveries.ts";

export const SELECT_BY_REQUEST_KEY = `
  SELECT id AS runId, status, attempt, created_at AS createdAtMs, fingerprint, lease_key AS leaseKey
    FROM agent_runs WHERE request_key = ?1`;

export const SELECT_CLAIMED = `
  SELECT input_data AS inputJson, created_at AS createdAtMs, started_at AS startedAtMs
    FROM agent_runs WHERE id = ?1 AND attempt = ?2 AND status = 'running' AND lease_key = ?3`;

interface ClaimedRow {
  inputJson: string;
  createdAtMs: number;
  startedAtMs: number;
}

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
  const statements: D1PreparedStatement[] = [];
  const telling = writes.map((write) => statements.push(...runStatements(db, write, finishKey)) - 1);
  const closing = writes.filter((write) => write.kind === "close");
  const ofClosed = (sql: string, of: CloseWrite[]) =>
    of.length === 0 ? [] : [db.prepare(sql).bind(JSON.stringify(of.map((write) => write.runId)), finishKey)];
  statements.push(...ofClosed(ROLL_UP_USAGE, closing));
  const toldOf = closing.filter((write) => write.hasWebhook);
  statements.push(...ofClosed(INSERT_DELIVERIES, toldOf));

  const results = await storage("commit run writes", () => db.batch(statements));
  return Promise.all(writes.map((write, index) => runWriteResult(db, write, results[telling[index] ?? -1])));
}

async function runWriteResult(db: D1Database, write: RunWrite, result?: D1Result): Promise<RunWriteResult> {
  if (result === undefined) throw new StorageError("D1 answered fewer results than it was given statements");
  const changed = result.meta.changes === 1;
  switch (write.kind) {
    case "begin":
      // After an ignored conflict last_row_id is that of some earlier INSERT: only `changes` tells.
      return { kind: "began", row: changed ? inserted(write, result.meta.last_row_id) : await found(db, write) };
    case "claim":
      return changed ? claimed(result.results[0] as ClaimedRow) : claimedBefore(db, write);
    case "append_events":
      return { kind: "changed", changed: result.meta.changes > 0 };
    case "extend":
    case "request_cancel":
    case "close":
    case "retry":
      return { kind: "changed", changed };
    default:
      return write satisfies never;
  }
}

function inserted({ status, createdAtMs, fingerprint, leaseKey }: BeginWrite, runId: number): BegunRow {
  return { runId, status, attempt: 1, createdAtMs, fingerprint, leaseKey };
}

async function found(db: D1Database, write: BeginWrite): Promise<BegunRow> {
  const row = await readByRequestKey(db, write.requestKey);
  if (row === null) throw new StorageError("a run refused as a duplicate is not there");
  return row;
}

/** The run that a request key names, or null. */
export function readByRequestKey(db: D1Database, requestKey: string): Promise<BegunRow | null> {
  return storage("find the run of a request", () =>
    db.prepare(SELECT_BY_REQUEST_KEY).bind(requestKey).first<BegunRow>(),
  );
}

function claimed(row: ClaimedRow): RunWriteResult {
  return { kind: "claimed", ...row };
}

/** A claim that changes nothing came too late, or is the repeat of one whose reply was lost: the lease key tells. */
async function claimedBefore(db: D1Database, { runId, attempt, leaseKey }: ClaimWrite): Promise<RunWriteResult> {
  const row = await storage("find a claimed attempt", () =>
    db.prepare(SELECT_CLAIMED).bind(runId, attempt, leaseKey).first<ClaimedRow>(),
  );
  return row === null ? { kind: "changed", changed: false } : claimed(row);
}
