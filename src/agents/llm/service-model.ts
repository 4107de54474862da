import { LlmConfig } from "../../contract/llm-config.ts";
import type { Env } from "../../env.ts";

/**
 * How the service's own agents speak to a model of that name: by Workers AI where it is one of its names (`@cf/…`),
 * and else by the provider of ASSISTANT_BASE_URL, whose key is the secret OPENAI_API_KEY.
 */
export function serviceModel(
  model: string,
  env: Env,
  more: Pick<LlmConfig, "system"> & Partial<Pick<LlmConfig, "tools" | "max_tokens" | "max_steps">>,
): LlmConfig {
  const provider = model.startsWith("@")
    ? { provider: "workers_ai" }
    : { base_url: env.ASSISTANT_BASE_URL || "https://api.openai.com/v1", api_key_secret: "OPENAI_API_KEY" };
  return LlmConfig.parse({ model, ...provider, ...more });
}
