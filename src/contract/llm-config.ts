import * as z from "zod";
import {
  DEFAULT_MODEL_STEPS,
  MAX_AGENT_URL_CHARS,
  MAX_MODEL_NAME_CHARS,
  MAX_MODEL_OUTPUT_TOKENS,
  MAX_MODEL_STEPS,
  MAX_PROMPT_CHARS,
  MAX_RUN_COST_USD,
} from "./limits.ts";
import { AgentName } from "./names.ts";

export const MODEL_PROVIDERS = ["openai-compatible", "anthropic", "workers-ai"] as const;
export const MODEL_TOOLS = ["fetch_url", "scan", "run_agent", "read_history", "memory"] as const;

/** Of Worker secrets, only those that by their name are a key to a model may be named: never ADMIN_TOKEN. */
export const ModelKeyName = z.string().regex(/^[A-Z][A-Z0-9_]{0,50}_API_KEY$/, "must be like OPENAI_API_KEY");

const JsonSchema = z.record(z.string(), z.unknown());
const Text = z.string().min(1).max(MAX_PROMPT_CHARS);

/** What an `llm` agent is made of. */
export const LlmConfig = z
  .strictObject({
    provider: z.enum(MODEL_PROVIDERS),
    model: z.string().min(1).max(MAX_MODEL_NAME_CHARS),
    base_url: z
      .url({ protocol: /^https?$/, error: "must be a whole http or https URL, like https://api.example.com/v1" })
      .max(MAX_AGENT_URL_CHARS)
      .optional()
      .meta({ description: "Of the provider's API. `openai-compatible` needs it, `anthropic` has its own." }),
    api_key_name: ModelKeyName.optional().meta({
      description:
        "The NAME of the Worker secret that holds the key. `anthropic`: ANTHROPIC_API_KEY unless said; `openai-compatible`: without it no key is sent.",
    }),
    role: Text.optional().meta({ description: "Who the agent is." }),
    goal: Text.optional().meta({ description: "What it is to achieve." }),
    backstory: Text.optional().meta({ description: "What makes it good at it." }),
    system_prompt: Text.optional().meta({ description: "Instead of role, goal and backstory." }),
    temperature: z.number().min(0).max(2).optional(),
    max_tokens: z
      .int()
      .min(1)
      .max(MAX_MODEL_OUTPUT_TOKENS)
      .optional()
      .meta({ description: "Of one answer of the model." }),
    max_steps: z
      .int()
      .min(1)
      .max(MAX_MODEL_STEPS)
      .default(DEFAULT_MODEL_STEPS)
      .meta({ description: "Calls of the model that one attempt may make: each round of tools is one." }),
    max_cost_usd: z
      .number()
      .positive()
      .max(MAX_RUN_COST_USD)
      .optional()
      .meta({ description: "An attempt fails once it, and the runs that it asked for, have cost more." }),
    tools: z.array(z.enum(MODEL_TOOLS)).max(MODEL_TOOLS.length).default([]),
    agents: z.array(AgentName).max(50).optional().meta({ description: "Whom `run_agent` may run. Left out: all." }),
    input_schema: JsonSchema.optional().meta({ description: "JSON Schema of `params`. Left out: every object." }),
    output_schema: JsonSchema.optional().meta({
      description: "JSON Schema, draft 2020-12, of the output. Left out: the output is the model's text.",
    }),
  })
  .meta({ id: "LlmConfig" });
export type LlmConfig = z.output<typeof LlmConfig>;
