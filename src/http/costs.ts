import type * as z from "zod";
import { nowMs } from "../clock.ts";
import { CostQuery, CostReport, PERIOD_DAYS } from "../contract/costs.ts";
import { DEFAULT_COST_DAYS } from "../contract/limits.ts";
import { dateOfDay, dayOf } from "../core/day.ts";
import { microusdToUsd } from "../core/money.ts";
import { PLATFORM_PRICE } from "../core/platform-price.ts";
import { type DailyModelUsage, type DailyUsage, readModelUsageSince, readUsageSince } from "../store/usage.ts";
import type { AppContext } from "./app-context.ts";
import { defineRoute } from "./route.ts";

const getCosts = defineRoute({
  method: "GET",
  path: "/api/agents/costs",
  tag: "Costs",
  summary: "What the agents' runs cost, by agent, day and model",
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
  const firstDay = today - days + 1;
  const [usage, models, agents] = await Promise.all([
    readUsageSince(c.env.DB, firstDay),
    readModelUsageSince(c.env.DB, firstDay),
    c.get("registry").list(c.env.DB),
  ]);
  const displayNames = new Map(agents.map(({ name, displayName }) => [name, displayName]));
  return { ...costReport(usage, { days, today, displayNames }), ...modelReport(models) };
}

function costReport(
  usage: readonly DailyUsage[],
  { days, today, displayNames }: { days: number; today: number; displayNames: ReadonlyMap<string, string> },
): Omit<CostReport, keyof ReturnType<typeof modelReport>> {
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
          platform_cost_usd: platformCostUsd(sum(entries, "runs")),
        },
      ]),
    ),
    platform: {
      usd_per_run: platformCostUsd(1),
      cost_usd: platformCostUsd(sum(usage, "runs")),
      as_of: PLATFORM_PRICE.asOf,
    },
    daily_costs: Array.from({ length: days }, (_, index) => {
      const entries = byDay.get(firstDay + index) ?? [];
      return { date: dateOfDay(firstDay + index), cost: costOf(entries), runs: sum(entries, "runs") };
    }),
  };
}

function modelReport(usage: readonly DailyModelUsage[]) {
  const byModel = Map.groupBy(usage, (entry) => entry.model);
  return {
    by_model: Object.fromEntries(
      [...byModel].map(([model, entries]) => [
        model,
        { runs: sum(entries, "runs"), cost_usd: costOf(entries), tokens_used: sum(entries, "tokens") },
      ]),
    ),
    daily_by_model: usage.map(({ day, agent_name: agent, model, runs, cost_microusd, tokens }) => ({
      date: dateOfDay(day),
      agent,
      model,
      runs,
      cost: microusdToUsd(cost_microusd),
      tokens_used: tokens,
    })),
  };
}

function platformCostUsd(runs: number): number {
  return microusdToUsd(Math.round(runs * PLATFORM_PRICE.microusdPerRun * 100) / 100);
}

type Counted = Pick<DailyUsage, "runs" | "tokens" | "cost_microusd">;

/** In dollars, what all of it cost. */
export function costOf(usage: readonly Counted[]): number {
  return microusdToUsd(sum(usage, "cost_microusd"));
}

function sum(usage: readonly Counted[], field: "runs" | "tokens" | "cost_microusd"): number {
  return usage.reduce((total, entry) => total + entry[field], 0);
}
