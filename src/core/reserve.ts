import {
  type AgentBudget,
  EVERY_AGENT,
  type Reservation,
  type ReservedPeriod,
  type SharedBudget,
} from "../contract/budget.ts";
import { DEFAULT_WARN_SHARE } from "../contract/limits.ts";
import { type BudgetPeriod, periodAt } from "./budget-period.ts";
import { microusdToUsd, usdToMicrousd } from "./money.ts";

/** How the service is configured where a budget does not say. */
export interface BudgetDefaults {
  timezone: string;
  runReserveMicrousd: number;
}

/** Whose a budget is: an agent's name, or EVERY_AGENT. */
interface Owned {
  scope: string;
  budget: SharedBudget;
}

/** What a run that begins now must reserve, and where; null where no budget is set. */
export function reservationFor(
  { agentName, budget, shared }: { agentName: string; budget: AgentBudget | null; shared: SharedBudget },
  atMs: number,
  defaults: BudgetDefaults,
): Reservation | null {
  const { max_run_usd: maxRunUsd, ...own } = budget ?? {};
  const periods = [
    ...periodsOf({ scope: agentName, budget: own }, atMs, defaults),
    ...periodsOf({ scope: EVERY_AGENT, budget: shared }, atMs, defaults),
  ];
  if (periods.length === 0) return null;
  return { microusd: maxRunUsd === undefined ? defaults.runReserveMicrousd : usdToMicrousd(maxRunUsd), periods };
}

/** The limits of a budget, each with the period of it that an instant is in. */
export function periodsOf({ scope, budget }: Owned, atMs: number, { timezone }: BudgetDefaults): ReservedPeriod[] {
  const { daily_usd, monthly_usd, warn_share: warnShare = DEFAULT_WARN_SHARE, warn_webhook_url: warnUrl } = budget;
  const limits: [BudgetPeriod, number | undefined][] = [
    ["day", daily_usd],
    ["month", monthly_usd],
  ];
  return limits.flatMap(([period, limitUsd]) => {
    if (limitUsd === undefined) return [];
    const limitMicrousd = usdToMicrousd(limitUsd);
    const span = periodAt(atMs, period, budget.timezone ?? timezone);
    const told = warnUrl === undefined ? {} : { warnUrl };
    return [{ scope, period, ...span, limitMicrousd, warnAtMicrousd: Math.ceil(limitMicrousd * warnShare), ...told }];
  });
}

/** What of a period's limit is taken: spent, or reserved. */
export type Taken = ReservedPeriod & { takenMicrousd: number };

/** The budget that has no room for a reservation; of several the one that ends last. Null: there is room. */
export function exceeded(periods: readonly Taken[], microusd: number): Taken | null {
  const full = periods.filter((period) => period.takenMicrousd + microusd > period.limitMicrousd);
  return full.toSorted((a, b) => b.endsAtMs - a.endsAtMs)[0] ?? null;
}

/** A sentence for whoever was refused. */
export function describeExceeded(period: Taken, microusd: number): string {
  const whose = period.scope === EVERY_AGENT ? "The budget for all agents" : `The budget of agent "${period.scope}"`;
  const leftUsd = microusdToUsd(Math.max(0, period.limitMicrousd - period.takenMicrousd));
  const limitUsd = microusdToUsd(period.limitMicrousd);
  const until = new Date(period.endsAtMs).toISOString();
  return `${whose}, $${limitUsd} a ${period.period}, has $${leftUsd} left until ${until}, and a run may cost $${microusdToUsd(microusd)}.`;
}
