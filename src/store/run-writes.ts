import { type BudgetWarning, reserveStatements, settleStatements, warningsOf } from "./budget-statements.ts";
import { NAME_RUNS } from "./job-claims.ts";
import { mayHaveUsedModel, ROLL_UP_MODELS } from "./model-usage-statements.ts";
import { ROLL_UP_USAGE, runStatements } from "./run-statements.ts";
import type { BeginWrite, BegunRow, CloseWrite, RunWrite, RunWriteResult } from "./run-write.ts";
import { StorageError, storage } from "./storage.ts";
import { INSERT_DELIVERIES } from "./webhook-deliveries.ts";

export const SELECT_BY_REQUEST_KEY = `
  SELECT id AS runId, status, attempt, created_at AS createdAtMs, fingerprint, lease_key AS leaseKey,
         lease_expires_at AS leaseExpiresAtMs, policy AS policyJson
    FROM agent_runs WHERE request_key = ?1`;

interface ClaimedRow {
  inputJson: string;
  agentVersion: number;
  createdAtMs: number;
  startedAtMs: number;
}

/**
 * Commits the writes as one transaction and answers each in its place. On return they are durable; on a
 * {@link StorageError} all or none are, and the same writes may be given again.
 * `finishKey` must be new for every call. `warn` hears of budgets of which too much is spent from now on.
 */
export async function commitRunWrites(
  db: D1Database,
  writes: readonly RunWrite[],
  finishKey: string,
  warn: (warning: BudgetWarning) => void,
): Promise<RunWriteResult[]> {
  const statements: D1PreparedStatement[] = [];
  const telling = writes.map((write, n) => {
    // Two begins under one request key may be in one transaction: only that which inserts the run reserves.
    const key = write.kind === "begin" ? `${finishKey}.${n}` : finishKey;
    const index = statements.push(...runStatements(db, write, key)) - 1;
    if (write.kind === "begin") statements.push(...reserveStatements(db, write, key));
    return index;
  });
  const ofSlots = writes.flatMap((write) =>
    write.kind === "begin" && write.trigger === "job" ? [write.requestKey] : [],
  );
  // With the run and not after it: whoever asked may die, and the job may be gone by the time that another looks.
  if (ofSlots.length > 0) statements.push(db.prepare(NAME_RUNS).bind(JSON.stringify(ofSlots)));
  const closing = writes.filter((write) => write.kind === "close");
  const ofClosed = (sql: string, of: CloseWrite[]) =>
    of.length === 0 ? [] : [db.prepare(sql).bind(JSON.stringify(of.map((write) => write.runId)), finishKey)];
  statements.push(...ofClosed(ROLL_UP_USAGE, closing));
  statements.push(...ofClosed(ROLL_UP_MODELS, closing.filter(mayHaveUsedModel)));
  const toldOf = closing.filter((write) => write.hasWebhook);
  statements.push(...ofClosed(INSERT_DELIVERIES, toldOf));
  const settling = settleStatements(db, closing, finishKey);
  statements.push(...settling);

  const results = await storage("commit run writes", () => db.batch(statements));
  for (const warning of warningsOf(results.slice(statements.length - settling.length))) warn(warning);
  return Promise.all(writes.map((write, index) => runWriteResult(db, write, results[telling[index] ?? -1])));
}

async function runWriteResult(db: D1Database, write: RunWrite, result?: D1Result): Promise<RunWriteResult> {
  if (result === undefined) throw new StorageError("D1 answered fewer results than it was given statements");
  const changed = result.meta.changes === 1;
  switch (write.kind) {
    case "begin":
      // After an ignored conflict last_row_id is that of some earlier INSERT: only `changes` tells.
      return changed ? { kind: "began", row: inserted(write, result.meta.last_row_id) } : await found(db, write);
    case "claim":
      return changed ? { kind: "claimed", ...(result.results[0] as ClaimedRow) } : { kind: "changed", changed };
    case "append_events":
      return { kind: "changed", changed: result.meta.changes > 0 };
    case "put_back":
    case "extend":
    case "hand_over":
    case "request_cancel":
    case "close":
    case "retry":
      return { kind: "changed", changed };
    default:
      return write satisfies never;
  }
}

function inserted(write: BeginWrite, runId: number): BegunRow {
  const { status, createdAtMs, fingerprint, leaseKey, leaseExpiresAtMs, policyJson } = write;
  return { made: true, runId, status, attempt: 1, createdAtMs, fingerprint, leaseKey, leaseExpiresAtMs, policyJson };
}

/** Nothing was inserted: the run is there already, or there was no room for it. */
async function found(db: D1Database, write: BeginWrite): Promise<RunWriteResult> {
  const row = await readByRequestKey(db, write.requestKey);
  return row === null ? { kind: "refused" } : { kind: "began", row };
}

/** The run that a request key names, or null. */
export async function readByRequestKey(db: D1Database, requestKey: string): Promise<BegunRow | null> {
  const row = await storage("find the run of a request", () =>
    db.prepare(SELECT_BY_REQUEST_KEY).bind(requestKey).first<Omit<BegunRow, "made">>(),
  );
  return row === null ? null : { ...row, made: false };
}
