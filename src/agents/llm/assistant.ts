import * as z from "zod";
import { MAX_PROMPT_CHARS } from "../../contract/limits.ts";
import { LlmConfig } from "../../contract/llm-config.ts";
import type { Env } from "../../env.ts";
import { defineAgent } from "../define-agent.ts";
import { NonRetryableError } from "../errors.ts";
import { llmAgent } from "./llm-agent.ts";

const TOOLS = ["fetch_url", "scan", "read_history", "memory"] as const;
const DEFAULT_MODEL = "claude-haiku-4-5";

/** The smallest model agent: what it is asked, with a few tools. Which model it is, the variables say. */
export const assistant = defineAgent({
  name: "assistant",
  displayName: "Assistant",
  description: "Answers a prompt by a language model, which can fetch and scan pages, and remember.",
  role: "A helpful assistant",
  category: "example",
  tags: ["example", "model"],
  input: z.object({ prompt: z.string().min(1).max(MAX_PROMPT_CHARS) }),
  output: z.string(),
  timeoutMs: 300_000,
  concurrency: 10,
  execute: async (input, context) => (await llmAgent(configOf(context.env)).execute(input, context)) as string,
});

function configOf(env: Env): LlmConfig {
  const { ASSISTANT_MODEL: model = DEFAULT_MODEL, ASSISTANT_BASE_URL: base_url } = env;
  const read = LlmConfig.safeParse({
    model,
    goal: "help whoever asks you, briefly and truthfully. Use your tools where they help.",
    role: "an assistant",
    tools: TOOLS,
    ...providerOf(model, base_url),
  });
  if (read.success) return read.data;
  throw new NonRetryableError(`ASSISTANT_MODEL or ASSISTANT_BASE_URL cannot be used: ${z.prettifyError(read.error)}`);
}

function providerOf(model: string, base_url: string | undefined): Partial<LlmConfig> {
  if (model.startsWith("@cf/")) return { provider: "workers-ai" };
  const key = { api_key_name: "ASSISTANT_API_KEY" };
  if (base_url === undefined || base_url === "") return { provider: "anthropic", ...key };
  return { provider: "openai-compatible", base_url, ...key };
}
