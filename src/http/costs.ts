import type * as z from "zod";
import { nowMs } from "../clock.ts";
import { CostQuery, CostReport, PERIOD_DAYS } from "../contract/costs.ts";
import { DEFAULT_COST_DAYS } from "../contract/limits.ts";
import { dateOfDay, dayOf } from "../core/day.ts";
import { microusdToUsd } from "../core/money.ts";
import { type DailyUsage, readUsageSince } from "../store/usage.ts";
import type { AppContext } from "./app-context.ts";
import { defineRoute } from "./route.ts";

const getCosts = defineRoute({
  method: "GET",
  path: "/api/agents/costs",
  tag: "Costs",
  summary: "What the agents' runs cost, by agent and by day",
  access: "viewer",
  query: CostQuery,
  answer: CostReport,
  problems: [],
  async handle({ query }, c) {
    return { body: await readCostReport(query, c) };
  },
});

export const costRoutes = [getCosts];

export async function readCostReport(query: z.output<typeof CostQuery>, c: AppContext): Promise<CostReport> {
  const days = query.days ?? (query.period === undefined ? DEFAULT_COST_DAYS : PERIOD_DAYS[query.period]);
  const today = dayOf(nowMs());
  const [usage, agents] = await Promise.all([
    readUsageSince(c.env.DB, today - days + 1),
    c.get("registry").list(c.env.DB),
  ]);
  const displayNames = new Map(agents.map(({ name, displayName }) => [name, displayName]));
  return costReport(usage, { days, today, displayNames });
}

function costReport(
  usage: readonly DailyUsage[],
  { days, today, displayNames }: { days: number; today: number; displayNames: ReadonlyMap<string, string> },
): CostReport {
  const firstDay = today - days + 1;
  const totalCost = costOf(usage);
  const byAgent = Map.groupBy(usage, (entry) => entry.agent_name);
  const byDay = Map.groupBy(usage, (entry) => entry.day);
  return {
    period_days: days,
    range_label: `${dateOfDay(firstDay)} to ${dateOfDay(today)} (UTC)`,
    total_cost: totalCost,
    total_cost_usd: totalCost,
    total_runs: sum(usage, "runs"),
    total_tokens: sum(usage, "tokens"),
    by_agent: Object.fromEntries(
      [...byAgent].map(([name, entries]) => [
        name,
        {
          display_name: displayNames.get(name) ?? name,
          runs: sum(entries, "runs"),
          cost_usd: costOf(entries),
          tokens_used: sum(entries, "tokens"),
        },
      ]),
    ),
    daily_costs: Array.from({ length: days }, (_, index) => {
      const entries = byDay.get(firstDay + index) ?? [];
      return { date: dateOfDay(firstDay + index), cost: costOf(entries), runs: sum(entries, "runs") };
    }),
  };
}

function costOf(usage: readonly DailyUsage[]): number {
  return microusdToUsd(sum(usage, "cost_microusd"));
}

function sum(usage: readonly DailyUsage[], field: "runs" | "tokens" | "cost_microusd"): number {
  return usage.reduce((total, entry) => total + entry[field], 0);
}
