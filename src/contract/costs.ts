import * as z from "zod";
import { MAX_COST_DAYS } from "./limits.ts";

export const PERIOD_DAYS = { daily: 1, weekly: 7, monthly: 30 } as const;

export const CostQuery = z
  .strictObject({
    days: z.coerce
      .number()
      .int()
      .min(1)
      .max(MAX_COST_DAYS)
      .optional()
      .meta({ description: "Days to look back, today (UTC) included." }),
    period: z.enum(["daily", "weekly", "monthly"]).optional().meta({ description: "1, 7 or 30 days." }),
  })
  .refine((query) => query.days === undefined || query.period === undefined, {
    path: ["period"],
    message: "give either days or period, not both",
  });

const Dollars = z.number().meta({ description: "US dollars." });

export const CostReport = z
  .object({
    period_days: z.int(),
    range_label: z.string().meta({ example: "2026-10-25 to 2026-11-23 (UTC)" }),
    total_cost: Dollars,
    total_cost_usd: Dollars,
    total_runs: z.int(),
    total_tokens: z.int(),
    by_agent: z.record(
      z.string(),
      z.object({
        display_name: z.string(),
        runs: z.int(),
        cost_usd: Dollars,
        tokens_used: z.int(),
        platform_cost_usd: Dollars.meta({ description: "Of these runs, by `platform`; not part of `cost_usd`." }),
      }),
    ),
    by_model: z
      .record(z.string(), z.object({ runs: z.int(), cost_usd: Dollars, tokens_used: z.int() }))
      .meta({ description: "As far as runs name a model. A run that used two counts with each." }),
    daily_by_model: z
      .array(
        z.object({
          date: z.iso.date(),
          agent: z.string(),
          model: z.string(),
          runs: z.int(),
          cost: Dollars,
          tokens_used: z.int(),
        }),
      )
      .meta({ description: "Oldest first; only what was used." }),
    platform: z
      .object({ usd_per_run: Dollars, cost_usd: Dollars, as_of: z.iso.date() })
      .meta({ description: "What Cloudflare itself charges for runs, estimated by its list prices of that day." }),
    daily_costs: z
      .array(z.object({ date: z.iso.date(), cost: Dollars, runs: z.int() }))
      .meta({ description: "Every day of the range, oldest first. A run counts on the UTC day it ended." }),
  })
  .meta({ id: "CostReport" });
export type CostReport = z.infer<typeof CostReport>;
