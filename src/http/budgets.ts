import { nowMs } from "../clock.ts";
import {
  BudgetReport,
  type BudgetStanding,
  EVERY_AGENT,
  type ReservedPeriod,
  SharedBudget,
} from "../contract/budget.ts";
import { microusdToUsd } from "../core/money.ts";
import { type BudgetDefaults, periodsOf } from "../core/reserve.ts";
import { budgetDefaults } from "../env.ts";
import { type BudgetPeriodRow, periodKey, readPeriods, readSharedBudget, writeSharedBudget } from "../store/budgets.ts";
import { complaintAboutWarnUrl } from "../webhooks/choose-webhook.ts";
import { callerName } from "./access.ts";
import type { AppContext } from "./app-context.ts";
import { noteChange } from "./audited.ts";
import { invalidFields } from "./problems.ts";
import { defineRoute } from "./route.ts";
import { instant, instantOrNull } from "./run-view.ts";

const common = { path: "/api/budgets", tag: "Costs", answer: BudgetReport, problems: [] } as const;

const getBudgets = defineRoute({
  ...common,
  method: "GET",
  summary: "What runs may cost, have cost, and may yet",
  description:
    "Every limit that is set, of all agents together and of each agent, with where it stands in the present period. A run counts in the period in which it was accepted; a budget counts the runs that were accepted since it was set.",
  access: "viewer",
  async handle(_input, c) {
    return { body: await budgetReport(c) };
  },
});

const putBudgets = defineRoute({
  ...common,
  method: "PUT",
  summary: "Set the budget for all agents together",
  description:
    "In force for every run that begins after the answer. What is left out is not limited. The budget of one agent is set by PATCH of the agent.",
  access: "admin",
  body: SharedBudget,
  async handle({ body }, c) {
    const reason = complaintAboutWarnUrl(body.warn_webhook_url, c.env);
    if (reason !== null) throw invalidFields([{ field: "warn_webhook_url", reason }]);
    const { budget: before } = await readSharedBudget(c.env.DB);
    await writeSharedBudget(c.env.DB, { budget: body, changedBy: callerName(c), changedAtMs: nowMs() });
    noteChange(c, { before, after: body });
    return { body: await budgetReport(c) };
  },
});

export const budgetRoutes = [getBudgets, putBudgets];

/** A limit that is set, and the timezone that its periods go by. */
type Limit = ReservedPeriod & { timezone: string };

export async function budgetReport(c: AppContext): Promise<BudgetReport> {
  const { DB } = c.env;
  const [{ budget: shared }, agents] = await Promise.all([readSharedBudget(DB), c.get("registry").list(DB)]);
  const owned = [
    { scope: EVERY_AGENT, budget: shared },
    ...agents.map(({ name, budget }) => ({ scope: name, budget: budget ?? {} })),
  ];
  return {
    shared,
    run_reserve_usd: microusdToUsd(budgetDefaults(c.get("config")).runReserveMicrousd),
    budgets: await readStandings(owned, c),
  };
}

/** Where the limits of these budgets stand: `scope` is an agent's name, or EVERY_AGENT. */
export async function readStandings(
  owned: readonly { scope: string; budget: SharedBudget }[],
  c: AppContext,
): Promise<BudgetStanding[]> {
  const atMs = nowMs();
  const defaults = budgetDefaults(c.get("config"));
  const limits = owned.flatMap((owner) => limitsOf(owner, atMs, defaults));
  const rows = limits.length === 0 ? new Map() : await readPeriods(c.env.DB, limits);
  return limits.map((limit) => standing(limit, rows.get(periodKey(limit))));
}

function limitsOf(owner: { scope: string; budget: SharedBudget }, atMs: number, defaults: BudgetDefaults): Limit[] {
  const timezone = owner.budget.timezone ?? defaults.timezone;
  return periodsOf(owner, atMs, defaults).map((period) => ({ ...period, timezone }));
}

function standing(limit: Limit, row: BudgetPeriodRow | undefined): BudgetStanding {
  const { reserved_microusd: reserved = 0, spent_microusd: spent = 0, warned_at: warnedAt = null } = row ?? {};
  return {
    agent: limit.scope === EVERY_AGENT ? null : limit.scope,
    period: limit.period,
    timezone: limit.timezone,
    limit_usd: microusdToUsd(limit.limitMicrousd),
    spent_usd: microusdToUsd(spent),
    reserved_usd: microusdToUsd(reserved),
    left_usd: microusdToUsd(limit.limitMicrousd - spent - reserved),
    starts_at: instant(limit.startsAtMs),
    resets_at: instant(limit.endsAtMs),
    warned_at: instantOrNull(warnedAt),
    warn_webhook: warnWebhook(limit, row),
  };
}

/** The one that was sent, or else the one that would be. */
function warnWebhook({ warnUrl }: Limit, row: BudgetPeriodRow | undefined): BudgetStanding["warn_webhook"] {
  if (row === undefined || row.webhook_url === null || row.webhook_status === null) {
    if (warnUrl === undefined) return null;
    const nothing = { attempts: 0, last_status: null, last_error: null, next_attempt_at: null };
    return { url: warnUrl, status: "waiting", ...nothing };
  }
  const { webhook_url: url, webhook_status: status, attempts, last_status, last_error, next_attempt_at } = row;
  return {
    url,
    status,
    attempts: attempts ?? 0,
    last_status,
    last_error,
    next_attempt_at: instantOrNull(next_attempt_at),
  };
}
