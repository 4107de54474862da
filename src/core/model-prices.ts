import type { ModelPrice } from "../contract/model-price.ts";

/** When the table below was looked up, in the providers' own price lists. */
const AS_OF = "2025-11-01";

/** US dollars per million tokens of input and of output. */
const TABLE: Record<string, readonly [input: number, output: number]> = {
  "gpt-4o": [2.5, 10],
  "gpt-4o-mini": [0.15, 0.6],
  "gpt-4.1": [2, 8],
  "gpt-4.1-mini": [0.4, 1.6],
  "gpt-4.1-nano": [0.1, 0.4],
  "gpt-5": [1.25, 10],
  "gpt-5-mini": [0.25, 2],
  "gpt-5-nano": [0.05, 0.4],
  "o4-mini": [1.1, 4.4],
  "claude-opus-4-1": [15, 75],
  "claude-sonnet-4-5": [3, 15],
  "claude-haiku-4-5": [1, 5],
  "claude-3-5-haiku-latest": [0.8, 4],
  "@cf/meta/llama-3.3-70b-instruct-fp8-fast": [0.293, 2.253],
  "@cf/meta/llama-3.1-8b-instruct-fp8-fast": [0.045, 0.384],
  "@cf/openai/gpt-oss-120b": [0.35, 0.75],
  "@cf/openai/gpt-oss-20b": [0.2, 0.3],
};

export const BUILT_IN_PRICES: readonly ModelPrice[] = Object.entries(TABLE).map(([model, [input, output]]) => ({
  model,
  input_usd_per_million: input,
  output_usd_per_million: output,
  as_of: AS_OF,
  source: "built_in",
}));

export function builtInPrice(model: string): ModelPrice | null {
  return BUILT_IN_PRICES.find((price) => price.model === model) ?? null;
}

/** What tokens cost, where all of them have their full price: what a provider read from its cache costs less. */
export function costUsdOf(price: ModelPrice, tokens: { inputTokens: number; outputTokens: number }): number {
  const { input_usd_per_million: input, output_usd_per_million: output } = price;
  return (tokens.inputTokens * input + tokens.outputTokens * output) / 1_000_000;
}
