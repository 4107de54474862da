import { costUsd, type ModelPrice, PRICES_DATE, priceOf } from "../../core/model-prices.ts";
import type { AgentContext } from "../define-agent.ts";

/** Near enough for what no provider will count any more. */
const CHARS_PER_TOKEN = 4;

export type ModelUsage = ReturnType<typeof createModelUsage>;

/**
 * Counts what a model's steps use, each as it ends. A step that is cut off is estimated by its texts, since its
 * provider has not said what it cost: better a guess that is said to be one than nothing.
 */
export function createModelUsage(
  model: string,
  { log, usage }: Pick<AgentContext, "log" | "usage">,
  overrides: Readonly<Record<string, ModelPrice>>,
) {
  const price = priceOf(model, overrides);
  if (price === null) log(`no price is known of "${model}" (table of ${PRICES_DATE}): its cost is not counted`);
  let counted = false;
  let open: { inputChars: number; outputChars: number } | null = null;

  function add(input: number, output: number): void {
    counted = true;
    const cost = price === null ? null : costUsd(price, { input, output });
    usage.add({ inputTokens: input, outputTokens: output, costUsd: cost, model });
  }

  return {
    stepStarts(inputChars: number): void {
      open = { inputChars, outputChars: 0 };
    },
    said(chars: number): void {
      if (open !== null) open.outputChars += chars;
    },
    stepEnds(tokens: { input: number | undefined; output: number | undefined }): void {
      const { inputChars = 0, outputChars = 0 } = open ?? {};
      open = null;
      add(
        tokens.input ?? Math.ceil(inputChars / CHARS_PER_TOKEN),
        tokens.output ?? Math.ceil(outputChars / CHARS_PER_TOKEN),
      );
    },
    /** Whether any step has ended. */
    hasCounted: () => counted,
    /** Once whatever comes: also after the last step has ended. */
    cutOff(): void {
      if (open === null) return;
      const { inputChars, outputChars } = open;
      open = null;
      const [input, output] = [Math.ceil(inputChars / CHARS_PER_TOKEN), Math.ceil(outputChars / CHARS_PER_TOKEN)];
      log("the model was cut off: what this step used is estimated", { input_tokens: input, output_tokens: output });
      add(input, output);
    },
  };
}
