import { EVERY_AGENT } from "../contract/budget.ts";
import { microusdToUsd } from "../core/money.ts";
import { instant, instantOrNull, runAnswer } from "../http/run-view.ts";
import { readWarning, type WarningRow } from "../store/budget-warnings.ts";
import { readRun } from "../store/runs.ts";
import type { Told } from "../store/webhook-tries.ts";

/** The payload structure that Standard Webhooks recommends. */
export interface WebhookEvent {
  type: string;
  timestamp: string | null;
  data: object;
}

/** What a webhook says; the same for every try, since what it tells of is over. Null: it is not stored any more. */
export async function webhookEvent(db: D1Database, { kind, id }: Told): Promise<WebhookEvent | null> {
  switch (kind) {
    case "run": {
      const run = await readRun(db, id);
      if (run === null) return null;
      return { type: `run.${run.status}`, timestamp: instantOrNull(run.completed_at), data: runAnswer(run) };
    }
    case "budget_warning": {
      const warning = await readWarning(db, id);
      return warning === null ? null : warningEvent(warning);
    }
    default:
      return kind satisfies never;
  }
}

function warningEvent(warning: WarningRow): WebhookEvent {
  const { scope, period, limit_microusd: limitMicrousd } = warning;
  const data = {
    agent: scope === EVERY_AGENT ? null : scope,
    period,
    starts_at: instant(warning.starts_at),
    resets_at: instant(warning.ends_at),
    limit_usd: limitMicrousd === null ? null : microusdToUsd(limitMicrousd),
    warn_at_usd: microusdToUsd(warning.warn_at_microusd),
    spent_usd: microusdToUsd(warning.spent_microusd),
  };
  return { type: "budget.warning", timestamp: instant(warning.created_at), data };
}
