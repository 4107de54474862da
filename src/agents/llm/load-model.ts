import type { LanguageModel } from "ai";
import { MAX_MODEL_ANSWER_BYTES } from "../../contract/limits.ts";
import type { LlmConfig } from "../../contract/llm-config.ts";
import type { Env } from "../../env.ts";
import { NonRetryableError } from "../errors.ts";
import { refuseBaseUrl } from "./keys.ts";

/** The model, by its provider's library, which is loaded here and nowhere else. */
export async function loadModel(
  config: LlmConfig,
  { key, env }: { key: string | null; env: Env },
): Promise<LanguageModel> {
  const refusal = refuseBaseUrl(config, env);
  if (refusal !== null) throw new NonRetryableError(`the model's base_url is refused: ${refusal}`);
  const { provider, model, base_url: baseURL } = config;
  switch (provider) {
    case "openai-compatible": {
      const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
      if (baseURL === undefined) throw new Error("unreachable: an openai-compatible API without a base_url");
      const options = { name: provider, baseURL, includeUsage: true, supportsStructuredOutputs: true, fetch: call };
      return createOpenAICompatible(key === null ? options : { ...options, apiKey: key }).chatModel(model);
    }
    case "anthropic": {
      const { createAnthropic } = await import("@ai-sdk/anthropic");
      if (key === null) throw new Error("unreachable: Anthropic without a key");
      return createAnthropic({ apiKey: key, fetch: call, ...(baseURL === undefined ? {} : { baseURL }) })(model);
    }
    case "workers-ai": {
      if (env.AI === undefined) {
        throw new NonRetryableError(
          'this service has no binding to Workers AI: add [ai] binding = "AI" to wrangler.toml',
        );
      }
      const { createWorkersAI } = await import("workers-ai-provider");
      return createWorkersAI({ binding: env.AI })(model);
    }
    default:
      return provider satisfies never;
  }
}

/** Calls a provider within our limits. A redirect could lead to an address that was not asked about, key and all. */
async function call(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input instanceof Request ? input : String(input), { ...init, redirect: "manual" });
  if (response.status >= 300 && response.status < 400) {
    response.body?.cancel().catch(() => {});
    throw new NonRetryableError(`the model's API redirects (${response.status}), which is not followed`);
  }
  if (response.body === null) return response;
  return new Response(response.body.pipeThrough(atMost(MAX_MODEL_ANSWER_BYTES)), response);
}

function atMost(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.length;
      if (bytes > maxBytes) controller.error(new NonRetryableError(`the model's answer is over ${maxBytes} bytes`));
      else controller.enqueue(chunk);
    },
  });
}
