import * as z from "zod";
import { AgentConfig } from "./agent-definition.ts";
import { AgentBudget } from "./budget.ts";
import { RunSummary } from "./run.ts";
import { RETRYABLE_ENDS } from "./run-policy.ts";

export const AgentStatus = z.enum(["idle", "running", "error", "disabled"]).meta({
  id: "AgentStatus",
  description: "`error`: the newest run failed, timed out or was interrupted.",
});
export type AgentStatus = z.infer<typeof AgentStatus>;

export const AgentListQuery = z.strictObject({
  category: z.string().optional(),
  enabled: z
    .enum(["true", "false"])
    .transform((value) => value === "true")
    .optional(),
});

export const AgentSummary = z
  .object({
    name: z.string(),
    kind: z.enum(["code", "http", "llm"]).meta({ description: "`code`: built in. Others are stored." }),
    version: z.int().meta({ description: "Of what is stored of it; 0: nothing ever was." }),
    display_name: z.string(),
    description: z.string(),
    role: z.string().nullable(),
    model: z.string().nullable(),
    category: z.string(),
    tags: z.array(z.string()),
    schedule: z
      .string()
      .nullable()
      .meta({ description: "Of the job that fires it next, as a sentence; null: none does." }),
    status: AgentStatus,
    enabled: z.boolean(),
    run_count: z.int().meta({ description: "Runs that have ended, however they ended." }),
    total_runs: z.int().meta({ description: "The same as `run_count`, for callers of the system this replaces." }),
    total_cost: z.number().meta({ description: "US dollars, of all runs that have ended." }),
    avg_duration_seconds: z.number().nullable(),
    last_run: z.iso.datetime().nullable().meta({ description: "When the newest run was created." }),
  })
  .meta({ id: "AgentSummary" });
export type AgentSummary = z.infer<typeof AgentSummary>;

export const AgentList = z.object({ agents: z.array(AgentSummary), total: z.int() }).meta({ id: "AgentList" });

const JsonSchema = z.record(z.string(), z.unknown()).meta({ description: "JSON Schema, draft 2020-12." });

export const AgentDetail = AgentSummary.extend({
  config: z.object({
    timeout_ms: z.int(),
    concurrency: z.object({
      limit: z.int().meta({ description: "Attempts that may run at once." }),
      when_full: z.enum(["queue", "reject", "cancel_oldest"]),
      max_queued: z.int(),
    }),
    queue_ttl_ms: z.int().meta({ description: "How long a run may wait for its turn." }),
    retry: z.object({
      max_attempts: z.int(),
      min_delay_ms: z.int(),
      max_delay_ms: z.int(),
      factor: z.number(),
      on: z.array(z.enum(RETRYABLE_ENDS)),
    }),
    webhook_url: z.string().nullable(),
    budget: AgentBudget.nullable(),
    input_schema: JsonSchema,
    output_schema: JsonSchema,
  }),
  stored: AgentConfig.nullable().meta({
    description: "What makes the agent, or, of one that is built in, what was set of it since.",
  }),
  tools: z.array(z.string()),
  recent_runs: z.array(RunSummary),
}).meta({ id: "Agent" });
export type AgentDetail = z.input<typeof AgentDetail>;

export const RetiredAnswer = z
  .object({ name: z.string(), version: z.int(), retired: z.literal(true) })
  .meta({ id: "RetiredAgent" });
export type RetiredAnswer = z.infer<typeof RetiredAnswer>;
