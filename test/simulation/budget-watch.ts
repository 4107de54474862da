import type { DatabaseSync } from "node:sqlite";
import type { Reservation } from "../../src/contract/budget.ts";
import { all } from "./sqlite-d1.ts";

/** Every run of every play is under a budget for all, which no play exhausts. */
export function setAmpleBudget(sqlite: DatabaseSync): void {
  const config = JSON.stringify({ daily_usd: 1_000_000, monthly_usd: 10_000_000 });
  sqlite.prepare("INSERT INTO shared_budget VALUES (1, 1, ?1, 'test', 0)").run(config);
}

interface BudgetedRow {
  id: number;
  completed_at: number | null;
  cost_microusd: number;
  reservation: string | null;
}

interface Taken {
  reserved: number;
  spent: number;
}

/** Guarantee 6, of budgets, after every commit: what of them is reserved and spent equals what the rows say. */
export function createBudgetWatch() {
  /** Of the rows that have ended, and so change no more: each is read once. */
  const ended = new Map<string, Taken>();
  const counted = new Set<number>();

  /** `anew`: by all rows, whatever was counted before. */
  function differences(sqlite: DatabaseSync, { anew = false } = {}): string[] {
    if (anew) ended.clear();
    if (anew) counted.clear();
    const known = JSON.stringify([...counted]);
    const rows = all<BudgetedRow>(sqlite, ROWS, known);
    const told = new Map([...ended].map(([period, taken]) => [period, { ...taken }]));
    const without: number[] = [];
    for (const row of rows) {
      if (row.reservation === null) without.push(row.id);
      else {
        add(told, row, row.reservation);
        if (row.completed_at !== null) add(ended, row, row.reservation);
      }
      if (row.completed_at !== null) counted.add(row.id);
    }
    const kept = new Map(
      all<Taken & { name: string }>(sqlite, KEPT).map(({ name, reserved, spent }) => [name, { reserved, spent }]),
    );
    const [rowsSay, budgetsSay] = [inOrder(told), inOrder(kept)];
    return [
      ...(rowsSay === budgetsSay ? [] : [`6: budgets are ${budgetsSay}, but the rows say ${rowsSay}`]),
      ...without.map((id) => `6: run ${id} was accepted under no budget`),
    ];
  }

  return { differences };
}

const ROWS = `
  SELECT id, completed_at, cost_microusd, policy -> '$.reservation' AS reservation FROM agent_runs
   WHERE id NOT IN (SELECT value FROM json_each(?1))`;

const KEPT = `
  SELECT scope || ' ' || period || ' ' || starts_at AS name, reserved_microusd AS reserved, spent_microusd AS spent
    FROM budget_periods`;

function add(sums: Map<string, Taken>, { completed_at, cost_microusd }: BudgetedRow, reservationJson: string): void {
  const { periods, microusd }: Reservation = JSON.parse(reservationJson);
  for (const { scope, period, startsAtMs } of periods) {
    const name = `${scope} ${period} ${startsAtMs}`;
    const { reserved, spent } = sums.get(name) ?? { reserved: 0, spent: 0 };
    const live = completed_at === null;
    sums.set(name, { reserved: reserved + (live ? microusd : 0), spent: spent + (live ? 0 : cost_microusd) });
  }
}

function inOrder(sums: ReadonlyMap<string, Taken>): string {
  return JSON.stringify([...sums].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
