import { type ReservedPeriod, SharedBudget } from "../contract/budget.ts";
import type { RunWebhook } from "../contract/run-webhook.ts";
import type { Taken } from "../core/reserve.ts";
import { storage } from "./storage.ts";

/** The budget for all agents, as one version has it. 0: there never was one. */
export interface VersionedBudget {
  version: number;
  budget: SharedBudget;
}

export interface BudgetPeriodRow {
  scope: string;
  period: "day" | "month";
  starts_at: number;
  reserved_microusd: number;
  spent_microusd: number;
  warned_at: number | null;
  /** Of the webhook that told so. */
  webhook_url: string | null;
  webhook_status: RunWebhook["status"] | null;
  attempts: number | null;
  last_status: number | null;
  last_error: string | null;
  next_attempt_at: number | null;
}

export const SELECT_SHARED_BUDGET = `SELECT version, config FROM shared_budget WHERE id = 1`;

export const PUT_SHARED_BUDGET = `
  INSERT INTO shared_budget (id, version, config, changed_by, changed_at) VALUES (1, 1, ?1, ?2, ?3)
      ON CONFLICT (id) DO UPDATE
     SET version = version + 1, config = excluded.config, changed_by = excluded.changed_by,
         changed_at = excluded.changed_at`;

/** The rows of these periods, as far as any run has begun in them. */
export const SELECT_PERIODS = `
  SELECT period.scope, period.period, period.starts_at, period.reserved_microusd, period.spent_microusd,
         period.warned_at, told.url AS webhook_url, told.status AS webhook_status, told.attempts, told.last_status,
         told.last_error, told.next_attempt_at
    FROM json_each(?1) AS asked
    CROSS JOIN budget_periods AS period
    LEFT JOIN budget_warnings AS told
      ON told.scope = period.scope AND told.period = period.period AND told.starts_at = period.starts_at
   WHERE period.scope = asked.value ->> 'scope' AND period.period = asked.value ->> 'period'
     AND period.starts_at = asked.value ->> 'startsAtMs'`;

export async function readSharedBudget(db: D1Database): Promise<VersionedBudget> {
  const row = await storage("read the budget for all agents", () =>
    db.prepare(SELECT_SHARED_BUDGET).first<{ version: number; config: string }>(),
  );
  return row === null ? { version: 0, budget: {} } : { version: row.version, budget: sharedBudget(row.config) };
}

/** In force for every run that is inserted after. Repeated it is so still. */
export async function writeSharedBudget(
  db: D1Database,
  { budget, changedBy, changedAtMs }: { budget: SharedBudget; changedBy: string; changedAtMs: number },
): Promise<void> {
  const values = [JSON.stringify(budget), changedBy, changedAtMs];
  await storage("set the budget for all agents", () =>
    db
      .prepare(PUT_SHARED_BUDGET)
      .bind(...values)
      .run(),
  );
}

export function sharedBudget(config: string): SharedBudget {
  return SharedBudget.parse(JSON.parse(config));
}

/** What there is of these periods, by `periodKey`. */
export async function readPeriods(
  db: D1Database,
  periods: readonly ReservedPeriod[],
): Promise<Map<string, BudgetPeriodRow>> {
  const { results } = await storage("read budgets", () =>
    db.prepare(SELECT_PERIODS).bind(JSON.stringify(periods)).all<BudgetPeriodRow>(),
  );
  return new Map(results.map((row) => [`${row.scope} ${row.period} ${row.starts_at}`, row]));
}

export function periodKey({ scope, period, startsAtMs }: ReservedPeriod): string {
  return `${scope} ${period} ${startsAtMs}`;
}

/** These periods, with what is taken of each. */
export async function readTaken(db: D1Database, periods: readonly ReservedPeriod[]): Promise<Taken[]> {
  const rows = await readPeriods(db, periods);
  return periods.map((period) => {
    const row = rows.get(periodKey(period));
    return { ...period, takenMicrousd: row === undefined ? 0 : row.reserved_microusd + row.spent_microusd };
  });
}
