import * as z from "zod";
import { AgentBudget, AgentBudgetPatch } from "./budget.ts";
import { HttpConfig } from "./http-config.ts";
import {
  MAX_AGENT_TEXT_CHARS,
  MAX_ATTEMPTS,
  MAX_CONCURRENCY,
  MAX_DISPLAY_NAME_CHARS,
  MAX_QUEUE_TTL_MS,
  MAX_QUEUED,
  MAX_RETRY_DELAY_MS,
  MAX_TAG_CHARS,
  MAX_TAGS,
  MAX_TIMEOUT_MS,
  MAX_WEBHOOK_URL_CHARS,
} from "./limits.ts";
import { LlmConfig } from "./llm-config.ts";
import { RETRYABLE_ENDS } from "./run-policy.ts";

const DelayMs = z.int().min(0).max(MAX_RETRY_DELAY_MS);

/** What of any agent can be set from outside. What is left out is as its code, or the service, has it. */
export const AgentSettings = z.strictObject({
  enabled: z.boolean().optional().meta({ description: "A disabled agent refuses new runs and keeps its history." }),
  tags: z.array(z.string().min(1).max(MAX_TAG_CHARS)).max(MAX_TAGS).optional(),
  timeout_ms: z.int().min(1).max(MAX_TIMEOUT_MS).optional().meta({ description: "Deadline of one attempt." }),
  concurrency: z
    .strictObject({
      limit: z.int().min(1).max(MAX_CONCURRENCY).optional().meta({ description: "Attempts that may run at once." }),
      when_full: z.enum(["queue", "reject", "cancel_oldest"]).optional(),
      max_queued: z.int().min(0).max(MAX_QUEUED).optional(),
    })
    .optional(),
  queue_ttl_ms: z
    .int()
    .min(1)
    .max(MAX_QUEUE_TTL_MS)
    .optional()
    .meta({ description: "How long a run may wait for its turn." }),
  retry: z
    .strictObject({
      max_attempts: z.int().min(1).max(MAX_ATTEMPTS).optional(),
      min_delay_ms: DelayMs.optional(),
      max_delay_ms: DelayMs.optional(),
      factor: z.number().min(1).max(10).optional(),
      on: z.array(z.enum(RETRYABLE_ENDS)).optional(),
    })
    .optional(),
  webhook_url: z
    .url({ protocol: /^https?$/, error: "must be a whole http or https URL, like https://example.com/" })
    .max(MAX_WEBHOOK_URL_CHARS)
    .optional()
    .meta({ description: "Where the end of a run is told unless its request says otherwise." }),
  budget: AgentBudget.optional().meta({ description: "What its runs may cost, in US dollars." }),
});
export type AgentSettings = z.output<typeof AgentSettings>;

const { shape } = AgentSettings;

/** A change of the settings, in the manner of JSON Merge Patch (RFC 7396): null takes back what was set. */
export const AgentPatch = z
  .strictObject({
    enabled: shape.enabled.nullable(),
    tags: shape.tags.nullable(),
    timeout_ms: shape.timeout_ms.nullable(),
    concurrency: shape.concurrency.nullable(),
    queue_ttl_ms: shape.queue_ttl_ms.nullable(),
    retry: shape.retry.nullable(),
    webhook_url: shape.webhook_url.nullable(),
    budget: AgentBudgetPatch.nullable().optional(),
  } satisfies Record<keyof AgentSettings, z.ZodType>)
  .meta({ id: "AgentPatch" });
export type AgentPatch = z.output<typeof AgentPatch>;

/** How an agent shows itself. */
const AgentText = z.strictObject({
  display_name: z.string().trim().min(1).max(MAX_DISPLAY_NAME_CHARS).optional().meta({
    description: "Left out: its name.",
  }),
  description: z.string().max(MAX_AGENT_TEXT_CHARS).default(""),
  category: z.string().trim().min(1).max(MAX_DISPLAY_NAME_CHARS).default("custom"),
});

const Stored = AgentText.extend(AgentSettings.shape);

/** An agent that is stored, and not written in a file of `src/agents`. */
export const AgentDefinition = z
  .discriminatedUnion("kind", [
    Stored.extend({ kind: z.literal("http"), http: HttpConfig }),
    Stored.extend({ kind: z.literal("llm"), llm: LlmConfig }),
  ])
  .meta({ id: "AgentDefinition" });
export type AgentDefinition = z.output<typeof AgentDefinition>;

/** What was set of an agent that is written in code. */
export const CodeAgentSettings = AgentSettings.extend({ kind: z.literal("code") });

/** What a version of an agent holds. */
export const AgentConfig = z.discriminatedUnion("kind", [...AgentDefinition.options, CodeAgentSettings]);
export type AgentConfig = z.output<typeof AgentConfig>;
