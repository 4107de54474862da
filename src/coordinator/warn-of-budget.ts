import { EVERY_AGENT } from "../contract/budget.ts";
import { microusdToUsd } from "../core/money.ts";
import { log } from "../log.ts";
import type { BudgetWarning } from "../store/budget-statements.ts";
import type { CoordinatorContext } from "./context.ts";

/** Says that enough of a budget is spent to warn: in the log, to those who watch, and by the webhook that it has. */
export function warnOfBudget(
  warning: BudgetWarning,
  { nowMs, tell, wakeWebhook }: Pick<CoordinatorContext, "nowMs" | "tell" | "wakeWebhook">,
): void {
  const { scope, period, startsAtMs, endsAtMs, limitMicrousd, spentMicrousd, warnAtMicrousd, deliveryId } = warning;
  const of = { scope, period, starts_at_ms: startsAtMs, resets_at_ms: endsAtMs };
  log.warn("budget.warning", { ...of, spent_microusd: spentMicrousd, warn_at_microusd: warnAtMicrousd });
  tell({
    event: "budget_warning",
    data: {
      agent: scope === EVERY_AGENT ? null : scope,
      period,
      limit_usd: limitMicrousd === null ? null : microusdToUsd(limitMicrousd),
      spent_usd: microusdToUsd(spentMicrousd),
      resets_at: new Date(endsAtMs).toISOString(),
      at: new Date(nowMs()).toISOString(),
    },
  });
  if (deliveryId !== null) wakeWebhook({ kind: "budget_warning", id: deliveryId });
}
