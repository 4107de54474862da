import type { LanguageModel } from "ai";
import type { LlmConfig } from "../../contract/llm-config.ts";
import type { Env } from "../../env.ts";
import { refuseAddress } from "../../net/address-policy.ts";
import { NonRetryableError } from "../errors.ts";
import type { Libraries } from "./load-libraries.ts";

export interface OpenModel {
  model: LanguageModel;
  /** What no message may hold. */
  key: string | null;
}

/** The model that a configuration names. */
export function openModel(config: LlmConfig, env: Env, libraries: Libraries): OpenModel {
  switch (config.provider) {
    case "openai_compatible": {
      const key = keyOf(config.api_key_secret ?? null, env);
      const provider = libraries.createOpenAICompatible({
        name: "openai_compatible",
        baseURL: config.base_url ?? "",
        includeUsage: true,
        supportsStructuredOutputs: true,
        fetch: guardedFetch(env),
        ...(key !== null && { apiKey: key }),
      });
      return { model: provider(config.model), key };
    }
    case "anthropic": {
      const key = keyOf(config.api_key_secret ?? "ANTHROPIC_API_KEY", env) ?? "";
      const base = config.base_url === undefined ? {} : { baseURL: config.base_url };
      const provider = libraries.createAnthropic({ apiKey: key, fetch: guardedFetch(env), ...base });
      return { model: provider(config.model), key };
    }
    case "workers_ai": {
      if (env.AI === undefined) {
        throw new NonRetryableError('Workers AI is not bound. Add to wrangler.toml: [ai] with binding = "AI".');
      }
      return { model: libraries.createWorkersAI({ binding: env.AI })(config.model), key: null };
    }
    default:
      return config.provider satisfies never;
  }
}

function keyOf(secret: string | null, env: Env): string | null {
  if (secret === null) return null;
  const key = (env as unknown as Record<string, unknown>)[secret];
  if (typeof key === "string" && key !== "") return key;
  throw new NonRetryableError(
    `The secret ${secret} is not set. Set it with: npx wrangler secret put ${secret}, or in .dev.vars for a local start`,
  );
}

/** Redirects are not followed: they would take the key to where they lead. */
function guardedFetch(env: Env): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const refusal = llmAddressPolicy(env)(url);
    if (refusal !== null) throw new NonRetryableError(`The model's address is refused: ${refusal}`);
    return fetch(url.href, { ...(init as RequestInit), redirect: "manual" });
  };
}

export function llmAddressPolicy(env: Env): (url: URL) => string | null {
  return env.LLM_ALLOW_PRIVATE === "true" ? () => null : refuseAddress;
}
