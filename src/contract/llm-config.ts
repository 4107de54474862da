import * as z from "zod";
import {
  DEFAULT_CHILDREN_USD,
  MAX_AGENT_TEXT_CHARS,
  MAX_AGENT_URL_CHARS,
  MAX_BUDGET_USD,
  MAX_MODEL_STEPS,
  MAX_OUTPUT_TOKENS,
  MAX_PROMPT_CHARS,
  MAX_RUN_AGENTS,
} from "./limits.ts";
import { AgentName } from "./names.ts";

/** What a model may be given to use. */
export const LLM_TOOLS = ["fetch_url", "scan", "run_agent", "read_history", "memory"] as const;
export type LlmTool = (typeof LLM_TOOLS)[number];

const Text = z.string().min(1).max(MAX_AGENT_TEXT_CHARS);
const JsonSchema = z.record(z.string(), z.unknown());

/** What an `llm` agent is made of: a model, who it is to be, and what it may use. */
export const LlmConfig = z
  .strictObject({
    provider: z
      .enum(["openai_compatible", "anthropic", "workers_ai"])
      .default("openai_compatible")
      .meta({ description: "`workers_ai` needs an `[ai]` binding named AI in wrangler.toml." }),
    base_url: z
      .url({ protocol: /^https?$/, error: "must be a whole http or https URL, like https://api.openai.com/v1" })
      .max(MAX_AGENT_URL_CHARS)
      .optional()
      .meta({ description: "Of an `openai_compatible` provider; of `anthropic` its own unless said." }),
    // Only such names: a definition must not be able to send ADMIN_TOKEN or a signing secret to a URL of its choice.
    api_key_secret: z
      .string()
      .regex(/^[A-Z][A-Z0-9_]{0,60}_API_KEY$/, "must name a secret of the Worker that ends in _API_KEY")
      .optional()
      .meta({ description: "The NAME of the secret that holds the key, never the key.", example: "OPENAI_API_KEY" }),
    model: z.string().min(1).max(200).meta({ example: "gpt-4.1-mini" }),
    system: z
      .string()
      .min(1)
      .max(MAX_PROMPT_CHARS)
      .optional()
      .meta({ description: "Instead of role, goal, backstory." }),
    role: Text.optional(),
    goal: Text.optional(),
    backstory: Text.optional(),
    temperature: z.number().min(0).max(2).optional(),
    max_tokens: z.int().min(1).max(MAX_OUTPUT_TOKENS).optional().meta({ description: "Of each answer." }),
    max_steps: z
      .int()
      .min(1)
      .max(MAX_MODEL_STEPS)
      .default(8)
      .meta({ description: "Calls of the model in one attempt." }),
    tools: z.array(z.enum(LLM_TOOLS)).default([]),
    run_agents: z
      .array(AgentName)
      .min(1)
      .max(MAX_RUN_AGENTS)
      .optional()
      .meta({ description: "The agents that `run_agent` may run. Left out: all." }),
    run_agents_usd: z.number().min(0).max(MAX_BUDGET_USD).default(DEFAULT_CHILDREN_USD).meta({
      description:
        "What the runs that one attempt asks for may cost together. They count against its agent's `max_run_usd` too.",
    }),
    input_schema: JsonSchema.optional().meta({
      description: "JSON Schema of `params`. Left out: an object with a text `prompt`.",
    }),
    output_schema: JsonSchema.optional().meta({
      description: "JSON Schema of the output. Left out: `{text, finish_reason}`.",
    }),
    structured_output: z.enum(["auto", "prompt"]).default("auto").meta({
      description:
        "`auto`: the provider's own structured output, and by the prompt alone where it refuses that. `prompt`: by the prompt alone. The output is validated either way.",
    }),
  })
  .refine(({ provider, base_url }) => provider !== "openai_compatible" || base_url !== undefined, {
    path: ["base_url"],
    error: "an openai_compatible provider needs one, like https://api.openai.com/v1",
  })
  .refine(({ system, role, goal, backstory }) => system === undefined || !(role ?? goal ?? backstory), {
    path: ["system"],
    error: "stands instead of role, goal and backstory, not beside them",
  })
  .meta({ id: "LlmConfig" });
export type LlmConfig = z.output<typeof LlmConfig>;
