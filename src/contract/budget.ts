import * as z from "zod";
import { DEFAULT_WARN_SHARE, MAX_BUDGET_USD, MAX_WEBHOOK_URL_CHARS } from "./limits.ts";
import { RunWebhook } from "./run-webhook.ts";
import { TimezoneName } from "./timezone-name.ts";

const Usd = z.number().min(0).max(MAX_BUDGET_USD);

const LIMITS = {
  daily_usd: Usd.optional().meta({ description: "What the runs accepted in a day may cost together." }),
  monthly_usd: Usd.optional().meta({ description: "The same of a month." }),
  warn_share: z
    .number()
    .min(0.01)
    .max(1)
    .optional()
    .meta({ description: `Of a limit: once so much is spent, the service says so. Default ${DEFAULT_WARN_SHARE}.` }),
  warn_webhook_url: z
    .url({ protocol: /^https?$/, error: "must be a whole http or https URL, like https://example.com/" })
    .max(MAX_WEBHOOK_URL_CHARS)
    .optional()
    .meta({
      description: "Where that is told, once a period, as a signed `budget.warning` webhook. Default: nowhere.",
    }),
  timezone: TimezoneName.optional().meta({
    description: "By whose midnight days and months begin. Default: the service's BUDGET_TIMEZONE.",
  }),
};

/** What an agent's runs may cost. */
export const AgentBudget = z.strictObject({
  ...LIMITS,
  max_run_usd: Usd.optional().meta({
    description:
      "What one run may cost at most: so much is reserved of every budget while it waits and runs. Default: the service's BUDGET_RUN_RESERVE_USD.",
  }),
});
export type AgentBudget = z.output<typeof AgentBudget>;

const { shape } = AgentBudget;

/** A change of it: null takes back what was set. */
export const AgentBudgetPatch = z.strictObject({
  daily_usd: shape.daily_usd.nullable(),
  monthly_usd: shape.monthly_usd.nullable(),
  warn_share: shape.warn_share.nullable(),
  warn_webhook_url: shape.warn_webhook_url.nullable(),
  timezone: shape.timezone.nullable(),
  max_run_usd: shape.max_run_usd.nullable(),
} satisfies Record<keyof AgentBudget, z.ZodType>);

/** What the runs of all agents together may cost. Empty: whatever they like. */
export const SharedBudget = z.strictObject(LIMITS).meta({ id: "SharedBudget" });
export type SharedBudget = z.output<typeof SharedBudget>;

/** One limit of one period that a run's reservation counts against. */
export const ReservedPeriod = z.object({
  /** An agent's name, or {@link EVERY_AGENT}. */
  scope: z.string(),
  period: z.enum(["day", "month"]),
  startsAtMs: z.int(),
  endsAtMs: z.int(),
  limitMicrousd: z.int(),
  warnAtMicrousd: z.int(),
  /** Left out: nobody is told. */
  warnUrl: z.string().optional(),
});
export type ReservedPeriod = z.output<typeof ReservedPeriod>;

/** What a run was accepted with, kept in its row: by it the end of the run knows what to give back, and where. */
export const Reservation = z.object({
  microusd: z.int().min(0),
  /** Names the INSERT that made the run, so that only that one reserves. Set by it. */
  key: z.string().optional(),
  periods: z.array(ReservedPeriod),
});
export type Reservation = z.output<typeof Reservation>;

/** No agent's name: those begin with a letter or a digit. */
export const EVERY_AGENT = "*";

const Dollars = z.number().meta({ description: "US dollars." });

const BudgetStanding = z.object({
  agent: z.string().nullable().meta({ description: "Null: all agents together." }),
  period: z.enum(["day", "month"]),
  timezone: z.string(),
  limit_usd: Dollars,
  spent_usd: Dollars.meta({ description: "By runs that were accepted in this period and have ended." }),
  reserved_usd: Dollars.meta({ description: "For runs that were accepted in it and wait or run." }),
  left_usd: Dollars.meta({ description: "Below 0 where runs cost more than was reserved for them." }),
  starts_at: z.iso.datetime(),
  resets_at: z.iso.datetime(),
  warned_at: z.iso.datetime().nullable(),
  warn_webhook: RunWebhook.nullable().meta({
    description:
      "What has become of the webhook that tells so; null: none is set. `waiting`: there was nothing to tell yet.",
  }),
});
export type BudgetStanding = z.infer<typeof BudgetStanding>;

export const BudgetReport = z
  .object({
    shared: SharedBudget.meta({ description: "As it was set by PUT." }),
    run_reserve_usd: Dollars.meta({ description: "Reserved for a run of an agent without `max_run_usd`." }),
    budgets: z.array(BudgetStanding).meta({ description: "One for each limit: of all agents, then of each." }),
  })
  .meta({ id: "BudgetReport" });
export type BudgetReport = z.infer<typeof BudgetReport>;
