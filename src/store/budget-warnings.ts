import { storage } from "./storage.ts";

/**
 * One row for each budget that names a URL and of which SETTLE, just before and in this very transaction, has spent
 * enough to warn. It looks where SETTLE looked: at the periods of the runs that were closed.
 */
export const INSERT_WARNINGS = `
  INSERT INTO budget_warnings (scope, period, starts_at, ends_at, limit_microusd, warn_at_microusd, spent_microusd,
                               webhook_id, url, status, next_attempt_at, created_at, updated_at)
  SELECT period.scope, period.period, period.starts_at, period.ends_at, period.limit_microusd, period.warn_at_microusd,
         period.spent_microusd, 'msg_' || replace(?2, '-', '') || '_budget_' || row_number() OVER (), period.warn_url,
         'pending', ?3, ?3, ?3
    FROM (SELECT DISTINCT asked.value ->> 'scope' AS scope, asked.value ->> 'period' AS period,
                 asked.value ->> 'startsAtMs' AS starts_at
            FROM agent_runs AS run, json_each(run.policy, '$.reservation.periods') AS asked
           WHERE run.id IN (SELECT value FROM json_each(?1)) AND run.finish_key = ?2) AS settled
    CROSS JOIN budget_periods AS period
   WHERE period.scope = settled.scope AND period.period = settled.period AND period.starts_at = settled.starts_at
     AND period.warned_by = ?2 AND period.warn_url IS NOT NULL
      ON CONFLICT (scope, period, starts_at) DO NOTHING
  RETURNING id, scope, period, starts_at AS startsAtMs`;

export const SELECT_WARNING = `
  SELECT id, scope, period, starts_at, ends_at, limit_microusd, warn_at_microusd, spent_microusd, created_at
    FROM budget_warnings WHERE id = ?1`;

/** What a webhook says of a budget: as it stood in the transaction that spent so much. */
export interface WarningRow {
  id: number;
  scope: string;
  period: "day" | "month";
  starts_at: number;
  ends_at: number;
  limit_microusd: number | null;
  warn_at_microusd: number;
  spent_microusd: number;
  created_at: number;
}

export async function readWarning(db: D1Database, id: number): Promise<WarningRow | null> {
  return storage("read a budget's warning", () => db.prepare(SELECT_WARNING).bind(id).first<WarningRow>());
}
