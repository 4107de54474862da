import { storage } from "./storage.ts";

/** What a webhook tells of: the end of a run, or a budget's warning; `id` is that row's. */
export interface Told {
  kind: "run" | "budget_warning";
  id: number;
}

/** Where the deliveries of each kind are, and what names one. */
const TABLES = {
  run: { table: "webhook_deliveries", key: "run_id" },
  budget_warning: { table: "budget_warnings", key: "id" },
} as const satisfies Record<Told["kind"], { table: string; key: string }>;

interface TryStatements {
  claim: string;
  giveUp: string;
  record: string;
  overdue: string;
}

function statements({ table, key }: (typeof TABLES)[Told["kind"]]): TryStatements {
  return {
    /** The array has the wait after each try, and so as many items as there may be tries. */
    claim: `
  UPDATE ${table}
     SET attempts = attempts + 1, updated_at = ?2,
         next_attempt_at = ?2 + (SELECT delay.value FROM json_each(?4) AS delay WHERE delay.key = attempts)
   WHERE ${key} = ?1 AND status = 'pending' AND next_attempt_at <= ?3 AND attempts < json_array_length(?4)
  RETURNING webhook_id AS webhookId, url, attempts, next_attempt_at AS nextAttemptAtMs`,
    /** A last try that nobody recorded: whether it arrived is not known. */
    giveUp: `
  UPDATE ${table}
     SET status = 'failed', next_attempt_at = NULL, updated_at = ?2,
         last_status = NULL, last_error = 'The outcome of the last try was not recorded.'
   WHERE ${key} = ?1 AND status = 'pending' AND next_attempt_at <= ?3 AND attempts >= json_array_length(?4)`,
    /** What arrived has arrived, also if another try was claimed since; any other outcome belongs to its own try. */
    record: `
  UPDATE ${table}
     SET status = ?3, next_attempt_at = ?4, last_status = ?5, last_error = ?6, last_duration_ms = ?7, updated_at = ?8
   WHERE ${key} = ?1 AND status = 'pending' AND (attempts = ?2 OR ?3 = 'delivered')`,
    overdue: `
  SELECT ${key} AS id FROM ${table}
   WHERE status = 'pending' AND next_attempt_at <= ?1 ORDER BY next_attempt_at LIMIT ?2`,
  };
}

export const TRIES = {
  run: statements(TABLES.run),
  budget_warning: statements(TABLES.budget_warning),
} as const satisfies Record<Told["kind"], TryStatements>;

export interface ClaimedTry {
  kind: "claimed";
  webhookId: string;
  url: string;
  /** This one included: 1 for the first. */
  attempts: number;
  /** When another may follow if nobody records this one. */
  nextAttemptAtMs: number;
}

export interface RecordedTry {
  told: Told;
  attempts: number;
  status: "pending" | "delivered" | "failed";
  /** Of a pending one. */
  nextAttemptAtMs: number | null;
  /** Of HTTP; null where there was no answer. */
  lastStatus: number | null;
  lastError: string | null;
  durationMs: number;
  atMs: number;
}

/** `nothing`: no try is due. `gave_up`: the last one is long past, and nobody has recorded it. */
export type ClaimTryOutcome = ClaimedTry | { kind: "nothing" | "gave_up" };

/**
 * Takes the next try of a delivery for the caller alone. The one after it is set before it is made, so a caller
 * that vanishes costs one try; so does a claim whose reply is lost.
 */
export async function claimTry(
  db: D1Database,
  claim: { told: Told; atMs: number; dueByMs: number; delaysMs: readonly number[] },
): Promise<ClaimTryOutcome> {
  const { told, atMs, dueByMs, delaysMs } = claim;
  const values = [told.id, atMs, dueByMs, JSON.stringify(delaysMs)];
  const { giveUp, claim: claimSql } = TRIES[told.kind];
  const [gaveUp, claimed] = await storage("claim a try of a webhook", () =>
    db.batch<Omit<ClaimedTry, "kind">>([giveUp, claimSql].map((sql) => db.prepare(sql).bind(...values))),
  );
  const row = claimed?.results[0];
  if (row !== undefined) return { kind: "claimed", ...row };
  return { kind: gaveUp?.meta.changes === 1 ? "gave_up" : "nothing" };
}

/** Safe to repeat. */
export async function recordTry(db: D1Database, tried: RecordedTry): Promise<void> {
  const { told, attempts, status, nextAttemptAtMs, lastStatus, lastError, durationMs, atMs } = tried;
  await storage("record a try of a webhook", () =>
    db
      .prepare(TRIES[told.kind].record)
      .bind(told.id, attempts, status, nextAttemptAtMs, lastStatus, lastError, durationMs, atMs)
      .run(),
  );
}

/** The deliveries that were due by then, of either kind those longest overdue first. */
export async function readOverdueDeliveries(db: D1Database, dueByMs: number, limit: number): Promise<Told[]> {
  const kinds = ["run", "budget_warning"] as const;
  const results = await storage("read overdue webhooks", () =>
    db.batch<{ id: number }>(kinds.map((kind) => db.prepare(TRIES[kind].overdue).bind(dueByMs, limit))),
  );
  return kinds.flatMap((kind, n) => (results[n]?.results ?? []).map(({ id }) => ({ kind, id })));
}
