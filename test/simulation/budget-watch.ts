import type { DatabaseSync } from "node:sqlite";

/** Every run of every play is under a budget for all, which no play exhausts. */
export function setAmpleBudget(sqlite: DatabaseSync): void {
  const config = JSON.stringify({ daily_usd: 1_000_000, monthly_usd: 10_000_000 });
  sqlite.prepare("INSERT INTO shared_budget VALUES (1, 1, ?1, 'test', 0)").run(config);
}

/** Guarantee 6, of budgets: what of them is reserved and spent equals what the rows say. */
export function budgetDifferences(sqlite: DatabaseSync): string[] {
  const differences = sqlite
    .prepare(
      `WITH told AS (
         SELECT period.value ->> 'scope' AS scope, period.value ->> 'period' AS period,
                period.value ->> 'startsAtMs' AS starts_at,
                sum(iif(completed_at IS NULL, policy ->> '$.reservation.microusd', 0)) AS reserved,
                sum(iif(completed_at IS NULL, 0, cost_microusd)) AS spent
           FROM agent_runs, json_each(policy, '$.reservation.periods') AS period GROUP BY 1, 2, 3),
       kept AS (SELECT scope, period, starts_at, reserved_microusd AS reserved, spent_microusd AS spent
                  FROM budget_periods)
       SELECT 'rows' AS side, * FROM (SELECT * FROM told EXCEPT SELECT * FROM kept)
       UNION ALL SELECT 'budget' AS side, * FROM (SELECT * FROM kept EXCEPT SELECT * FROM told)`,
    )
    .all();
  const without = sqlite.prepare("SELECT id FROM agent_runs WHERE policy ->> '$.reservation' IS NULL").all();
  return [
    ...differences.map((row) => `6: budgets do not equal the rows: ${JSON.stringify(row)}`),
    ...without.map(({ id }) => `6: run ${id} was accepted under no budget`),
  ];
}
