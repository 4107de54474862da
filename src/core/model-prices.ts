/** US dollars for a million tokens. */
export interface ModelPrice {
  inputUsd: number;
  outputUsd: number;
}

/** When the table below was last held against what it is from. Prices change: PUT /api/prices and MODEL_PRICES go before it. */
export const PRICES_DATE = "2026-11";

/**
 * The vendors' standard list prices, without discounts for caches and batches: developers.openai.com/api/docs/pricing,
 * platform.claude.com/docs/en/about-claude/pricing, developers.cloudflare.com/workers-ai/platform/pricing. Those of
 * gpt-6 and claude-haiku-5-5 are of prompts up to 272,000 and 100,000 tokens; longer ones are dearer.
 */
export const PRICES: Readonly<Record<string, ModelPrice>> = {
  "gpt-6-astra": { inputUsd: 10, outputUsd: 50 },
  "gpt-6-sol": { inputUsd: 2, outputUsd: 10 },
  "gpt-6-luna": { inputUsd: 0.1, outputUsd: 0.5 },
  "gpt-5": { inputUsd: 1.25, outputUsd: 10 },
  "gpt-5-mini": { inputUsd: 0.25, outputUsd: 2 },
  "gpt-5-nano": { inputUsd: 0.05, outputUsd: 0.4 },
  "gpt-4.1": { inputUsd: 2, outputUsd: 8 },
  "gpt-4.1-mini": { inputUsd: 0.4, outputUsd: 1.6 },
  "gpt-4.1-nano": { inputUsd: 0.1, outputUsd: 0.4 },
  "gpt-4o": { inputUsd: 2.5, outputUsd: 10 },
  "gpt-4o-mini": { inputUsd: 0.15, outputUsd: 0.6 },
  "claude-opus-5-5": { inputUsd: 4, outputUsd: 20 },
  "claude-opus-5": { inputUsd: 5, outputUsd: 25 },
  "claude-sonnet-5-5": { inputUsd: 2, outputUsd: 10 },
  "claude-sonnet-5": { inputUsd: 2, outputUsd: 10 },
  "claude-haiku-5-5": { inputUsd: 0.1, outputUsd: 0.5 },
  "claude-opus-4-6": { inputUsd: 5, outputUsd: 25 },
  "claude-opus-4-5": { inputUsd: 5, outputUsd: 25 },
  "claude-opus-4-1": { inputUsd: 15, outputUsd: 75 },
  "claude-sonnet-4-6": { inputUsd: 3, outputUsd: 15 },
  "claude-sonnet-4-5": { inputUsd: 3, outputUsd: 15 },
  "claude-sonnet-4": { inputUsd: 3, outputUsd: 15 },
  "claude-haiku-4-5": { inputUsd: 1, outputUsd: 5 },
  "claude-3-5-haiku": { inputUsd: 0.8, outputUsd: 4 },
  "@cf/meta/llama-3.3-70b-instruct-fp8-fast": { inputUsd: 0.293, outputUsd: 2.253 },
  "@cf/meta/llama-3.1-8b-instruct-fp8-fast": { inputUsd: 0.045, outputUsd: 0.384 },
};

/** A model's price, or null. A dated name (`gpt-4o-2024-08-06`, `claude-sonnet-4-20250514`) has that of its model. */
export function priceOf(model: string, overrides: Readonly<Record<string, ModelPrice>>): ModelPrice | null {
  const undated = model.replace(/-(\d{8}|\d{4}-\d{2}-\d{2}|latest)$/, "");
  return overrides[model] ?? overrides[undated] ?? PRICES[model] ?? PRICES[undated] ?? null;
}

/** In US dollars. */
export function costUsd(price: ModelPrice, tokens: { input: number; output: number }): number {
  return (tokens.input * price.inputUsd + tokens.output * price.outputUsd) / 1_000_000;
}
