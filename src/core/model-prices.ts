/** US dollars for a million tokens. */
export interface ModelPrice {
  inputUsd: number;
  outputUsd: number;
}

/** When the table below was written, from the vendors' public price lists. Prices change: MODEL_PRICES overrides it. */
export const PRICES_DATE = "2025-08";

export const PRICES: Readonly<Record<string, ModelPrice>> = {
  "gpt-4.1": { inputUsd: 2, outputUsd: 8 },
  "gpt-4.1-mini": { inputUsd: 0.4, outputUsd: 1.6 },
  "gpt-4.1-nano": { inputUsd: 0.1, outputUsd: 0.4 },
  "gpt-4o": { inputUsd: 2.5, outputUsd: 10 },
  "gpt-4o-mini": { inputUsd: 0.15, outputUsd: 0.6 },
  "claude-opus-4-1": { inputUsd: 15, outputUsd: 75 },
  "claude-sonnet-4": { inputUsd: 3, outputUsd: 15 },
  "claude-3-5-haiku": { inputUsd: 0.8, outputUsd: 4 },
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
