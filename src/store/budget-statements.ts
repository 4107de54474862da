import { INSERT_WARNINGS } from "./budget-warnings.ts";
import type { BeginWrite, CloseWrite } from "./run-write.ts";

/**
 * Of INSERT_RUN: whether every budget that the run's policy names has room for its reservation, and whether the
 * coordinator that chose them knew the budget for all agents as it is. `?10` is the policy, `?17` the version.
 */
export const HAS_ROOM = `
  coalesce((SELECT version FROM shared_budget WHERE id = 1), 0) = ?17
  AND NOT EXISTS (
    SELECT 1
      FROM json_each(?10, '$.reservation.periods') AS asked
      LEFT JOIN budget_periods AS period
        ON period.scope = asked.value ->> 'scope' AND period.period = asked.value ->> 'period'
       AND period.starts_at = asked.value ->> 'startsAtMs'
     WHERE coalesce(period.reserved_microusd + period.spent_microusd, 0) + (?10 ->> '$.reservation.microusd')
           > asked.value ->> 'limitMicrousd')`;

/**
 * Takes a run's reservation from its periods if this very transaction inserted the run: read from its row, by a key
 * that is new for every try. It follows that INSERT at once, or runs of one transaction would not see each other's.
 */
export const RESERVE = `
  INSERT INTO budget_periods (scope, period, starts_at, ends_at, reserved_microusd, warn_at_microusd, limit_microusd,
                              warn_url)
  SELECT asked.value ->> 'scope', asked.value ->> 'period', asked.value ->> 'startsAtMs', asked.value ->> 'endsAtMs',
         run.policy ->> '$.reservation.microusd', asked.value ->> 'warnAtMicrousd',
         asked.value ->> 'limitMicrousd', asked.value ->> 'warnUrl'
    FROM agent_runs AS run, json_each(run.policy, '$.reservation.periods') AS asked
   WHERE run.request_key = ?1 AND run.policy ->> '$.reservation.key' = ?2
      ON CONFLICT (scope, period, starts_at) DO UPDATE
     SET reserved_microusd = reserved_microusd + excluded.reserved_microusd,
         warn_at_microusd = excluded.warn_at_microusd, limit_microusd = excluded.limit_microusd,
         warn_url = excluded.warn_url`;

/** Makes what the runs that this very transaction closed had reserved what they cost. See ROLL_UP_USAGE. */
export const SETTLE = `
  UPDATE budget_periods
     SET reserved_microusd = reserved_microusd - ended.reserved, spent_microusd = spent_microusd + ended.cost,
         warned_at = iif(warned_at IS NULL AND spent_microusd + ended.cost >= warn_at_microusd, ?3, warned_at),
         warned_by = iif(warned_at IS NULL AND spent_microusd + ended.cost >= warn_at_microusd, ?2, warned_by)
    FROM (SELECT asked.value ->> 'scope' AS scope, asked.value ->> 'period' AS period,
                 asked.value ->> 'startsAtMs' AS starts_at, sum(run.policy ->> '$.reservation.microusd') AS reserved,
                 sum(run.cost_microusd) AS cost
            FROM agent_runs AS run, json_each(run.policy, '$.reservation.periods') AS asked
           WHERE run.id IN (SELECT value FROM json_each(?1)) AND run.finish_key = ?2
           GROUP BY 1, 2, 3) AS ended
   WHERE budget_periods.scope = ended.scope AND budget_periods.period = ended.period
     AND budget_periods.starts_at = ended.starts_at
  RETURNING scope, period, starts_at AS startsAtMs, ends_at AS endsAtMs, limit_microusd AS limitMicrousd,
            spent_microusd AS spentMicrousd, warn_at_microusd AS warnAtMicrousd, warned_by IS ?2 AS justWarned`;

/** A period of which a transaction has just made so much spent that somebody should know. */
export interface BudgetWarning {
  scope: string;
  period: "day" | "month";
  startsAtMs: number;
  endsAtMs: number;
  /** Null: it was last begun under by a version of the service that did not say. */
  limitMicrousd: number | null;
  spentMicrousd: number;
  warnAtMicrousd: number;
  /** Of the delivery that tells of it; null: nobody is told. */
  deliveryId: number | null;
}

/** What follows the INSERT of a run that has a reservation. */
export function reserveStatements(db: D1Database, write: BeginWrite, key: string): D1PreparedStatement[] {
  return write.reserves ? [db.prepare(RESERVE).bind(write.requestKey, key)] : [];
}

/** What follows the closing of runs, if any of them had a reservation. */
export function settleStatements(db: D1Database, closing: readonly CloseWrite[], key: string): D1PreparedStatement[] {
  const settling = closing.filter((write) => write.settles);
  if (settling.length === 0) return [];
  const atMs = Math.max(...settling.map((write) => write.completedAtMs));
  const values = [JSON.stringify(settling.map((write) => write.runId)), key, atMs];
  return [SETTLE, INSERT_WARNINGS].map((sql) => db.prepare(sql).bind(...values));
}

/** What these statements, as they were answered, have to warn of. */
export function warningsOf([settled, told]: readonly D1Result[]): BudgetWarning[] {
  const deliveries = (told?.results ?? []) as (Pick<BudgetWarning, "scope" | "period" | "startsAtMs"> & {
    id: number;
  })[];
  const warned = ((settled?.results ?? []) as (BudgetWarning & { justWarned: number })[]).filter(
    ({ justWarned }) => justWarned === 1,
  );
  return warned.map(({ justWarned: _, ...warning }) => {
    const delivery = deliveries.find(
      ({ scope, period, startsAtMs }) =>
        scope === warning.scope && period === warning.period && startsAtMs === warning.startsAtMs,
    );
    return { ...warning, deliveryId: delivery?.id ?? null };
  });
}
