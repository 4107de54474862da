import type { LlmConfig } from "../../contract/llm-config.ts";
import type { FieldError } from "../../contract/problems.ts";
import type { Env } from "../../env.ts";
import { refuseAddress } from "../../net/address-policy.ts";
import { readUrl } from "../../net/read-url.ts";
import { NonRetryableError } from "../errors.ts";
import { complaintsAboutSchema } from "../json-schema.ts";

/** The key that the agent's model is to be called with; null where it has none. Throws, naming the secret to set. */
export function modelKey(config: LlmConfig, env: Env): string | null {
  const name = config.api_key_name ?? (config.provider === "anthropic" ? "ANTHROPIC_API_KEY" : undefined);
  if (name === undefined || config.provider === "workers-ai") return null;
  const key: unknown = Reflect.get(env, name);
  if (typeof key === "string" && key !== "") return key;
  throw new NonRetryableError(
    `this service has no ${name}, the key of the model "${config.model}". Set it with: npx wrangler secret put ${name}`,
  );
}

/** Why the service could not use it, field by field. */
export function complaintsAboutLlm(config: LlmConfig, env: Env): FieldError[] {
  const refusal = refuseBaseUrl(config, env);
  return [
    ...(refusal === null ? [] : [{ field: "llm.base_url", reason: refusal }]),
    ...(config.provider === "workers-ai" && config.api_key_name !== undefined
      ? [{ field: "llm.api_key_name", reason: "workers-ai is called by its binding, without a key" }]
      : []),
    ...complaintsAboutSchema(config.input_schema, "llm.input_schema"),
    ...complaintsAboutSchema(config.output_schema, "llm.output_schema"),
  ];
}

/** Why the model must not be called there, or null. */
export function refuseBaseUrl({ provider, base_url }: LlmConfig, env: Env): string | null {
  if (provider === "workers-ai") {
    return base_url === undefined ? null : "workers-ai is called by its binding, not by a URL";
  }
  if (base_url === undefined) return provider === "anthropic" ? null : "is needed for an openai-compatible API";
  const url = readUrl(base_url);
  if (!(url instanceof URL)) return url;
  return env.LLM_ALLOW_PRIVATE === "true" ? null : refuseAddress(url);
}
