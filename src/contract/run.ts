import * as z from "zod";
import {
  MAX_DELAY_S,
  MAX_LISTED_OUTPUT_BYTES,
  MAX_PAGE_EVENTS,
  MAX_PRIORITY,
  MAX_TIMEOUT_MS,
  MAX_WAIT_S,
  MAX_WEBHOOK_URL_CHARS,
} from "./limits.ts";
import { RunEvent } from "./run-event.ts";
import { RunWebhook } from "./run-webhook.ts";

export const RUN_STATUSES = [
  "queued",
  "running",
  "completed",
  "failed",
  "cancelled",
  "timed_out",
  "interrupted",
] as const;

export const RunStatus = z.enum(RUN_STATUSES).meta({
  id: "RunStatus",
  description:
    "`failed` is the agent's fault, `timed_out` its deadline's, `interrupted` ours: the executor vanished. A terminal status never changes.",
});
export type RunStatus = z.infer<typeof RunStatus>;

/** Why a run exists: somebody asked for it, or for a repetition, or a job's time had come. */
export const RunTrigger = z.enum(["api", "replay", "job"]).meta({ id: "RunTrigger" });
export type RunTrigger = z.infer<typeof RunTrigger>;

const Instant = z.iso.datetime().meta({ description: "ISO 8601, UTC.", example: "2026-11-23T09:30:00.000Z" });
const InstantFilter = z.iso.datetime({ offset: true });
const Dollars = z.number().meta({ description: "US dollars." });
const Json = z.unknown().meta({ description: "Any JSON value." });

export const RunRequest = z
  .strictObject({
    params: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: "The agent's input; its schema is `config.input_schema` of GET /api/agents/{name}." }),
    timeout_ms: z
      .int()
      .min(1)
      .max(MAX_TIMEOUT_MS)
      .optional()
      .meta({ description: "Deadline of one attempt; at most the agent's own." }),
    priority: z
      .int()
      .min(-MAX_PRIORITY)
      .max(MAX_PRIORITY)
      .default(0)
      .meta({ description: "Of two runs of an agent that wait, the higher starts first." }),
    delay_s: z.number().min(0).max(MAX_DELAY_S).optional().meta({ description: "Start no earlier than in so long." }),
    run_at: InstantFilter.optional().meta({ description: "Start no earlier than at this instant." }),
    webhook_url: z.string().max(MAX_WEBHOOK_URL_CHARS).nullable().optional().meta({
      description:
        "Where to POST the run's answer once it has ended, signed as Standard Webhooks. Left out: where the agent says; null: nowhere.",
      example: "https://example.com/hooks/runs",
    }),
  })
  .refine((request) => request.delay_s === undefined || request.run_at === undefined, {
    path: ["run_at"],
    message: "give either delay_s or run_at, not both",
  })
  .meta({ id: "RunRequest" });

/** What running an agent answers: the run as the history has it, in the shape of the system this replaces. */
export const RunAnswer = z
  .object({
    success: z.boolean().meta({ description: "Whether the run completed." }),
    run_id: z.int(),
    agent: z.string(),
    status: RunStatus,
    duration_ms: z.int().nullable(),
    output: Json,
    output_truncated: z.boolean(),
    error: z.string().nullable(),
    tokens_input: z.int(),
    tokens_output: z.int(),
    estimated_cost: Dollars,
    attempt: z.int(),
    started_at: Instant.nullable(),
    completed_at: Instant.nullable(),
    message: z.string(),
  })
  .meta({ id: "RunAnswer" });
export type RunAnswer = z.infer<typeof RunAnswer>;

export const RunSummary = z
  .object({
    id: z.int(),
    agent_name: z.string(),
    framework: z.string(),
    agent_version: z.int().meta({ description: "Of the agent, as this ran it; 0: as its code had it." }),
    status: RunStatus,
    trigger: RunTrigger,
    replay_of: z.int().nullable().meta({ description: "The run whose input this one repeats." }),
    job_id: z.string().nullable(),
    nominal_at: Instant.nullable().meta({ description: "Of a job's run: its slot." }),
    attempt: z.int(),
    priority: z.int(),
    run_at: Instant.nullable().meta({ description: "Of a queued run: when it may start." }),
    output: Json,
    output_truncated: z.boolean().meta({
      description: `Whether \`output\` is less than the agent returned. In a list, an output over ${MAX_LISTED_OUTPUT_BYTES} bytes is null: the run itself has it. In a run, an output over the service's limit is the beginning of its JSON, as a string.`,
    }),
    error: z.string().nullable(),
    tokens_input: z.int(),
    tokens_output: z.int(),
    tokens_used: z.int(),
    estimated_cost: Dollars,
    duration_ms: z.int().nullable(),
    created_at: Instant,
    started_at: Instant.nullable(),
    completed_at: Instant.nullable(),
  })
  .meta({ id: "RunSummary" });
export type RunSummary = z.infer<typeof RunSummary>;

const ModelUse = z.object({
  model: z.string(),
  tokens_input: z.int(),
  tokens_output: z.int(),
  cost_usd: Dollars.nullable().meta({ description: "Null: no price is known of the model, and it is not counted." }),
});

export const RunDetail = RunSummary.extend({
  models: z.array(ModelUse).meta({ description: "What language models used, in all attempts." }),
  input: Json.meta({ description: "The run's params, as they were sent." }),
  events: z.array(RunEvent).meta({ description: `The first ${MAX_PAGE_EVENTS}, in the order of \`seq\`.` }),
  events_next: z
    .int()
    .nullable()
    .meta({ description: "Where there are more: `after` for GET /api/agents/runs/{id}/events." }),
  webhook: RunWebhook.nullable().meta({ description: "Null if the run asked for none." }),
}).meta({ id: "Run" });
export type RunDetail = z.infer<typeof RunDetail>;

export const RunQuery = z.strictObject({
  wait: z.coerce
    .number()
    .int()
    .min(0)
    .max(MAX_WAIT_S)
    .optional()
    .meta({ description: "Seconds to wait for the run to end." }),
});

export const RunEventQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0).meta({ description: "Only events whose `seq` is above this." }),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_EVENTS).default(MAX_PAGE_EVENTS),
});

export const RunEventPage = z
  .object({
    events: z.array(RunEvent).meta({ description: "In the order of `seq`." }),
    next_after: z.int().meta({ description: "`after` for what comes next." }),
    run_status: RunStatus.meta({
      description: "As of this page: of a run that has ended, a page that is not full is the last.",
    }),
  })
  .meta({ id: "RunEventPage" });
export type RunEventPage = z.infer<typeof RunEventPage>;
