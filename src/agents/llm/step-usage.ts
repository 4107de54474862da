import type { LlmConfig } from "../../contract/llm-config.ts";
import type { ModelPrice } from "../../contract/model-price.ts";
import { costUsdOf } from "../../core/model-prices.ts";
import type { AgentContext } from "../define-agent.ts";

/** A rough measure of providers' own: what a token is differs by model. */
const CHARS_PER_TOKEN = 4;

export interface Tokens {
  inputTokens: number | undefined;
  outputTokens: number | undefined;
}

/**
 * Records what each step has used, as the provider says; and of a step that broke off, about which it says nothing or
 * only the beginning, an estimate by the length of what was sent and received. Counts a step once.
 */
export function createStepUsage(
  config: Pick<LlmConfig, "model">,
  price: ModelPrice | null,
  { usage, log }: Pick<AgentContext, "usage" | "log">,
) {
  let step = 0;
  let sentChars = 0;
  let receivedChars = 0;
  let heard: Tokens = { inputTokens: undefined, outputTokens: undefined };
  let answered = false;
  let costUsd = 0;

  function record(tokens: { inputTokens: number; outputTokens: number }, estimated: boolean): void {
    answered = false;
    const stepUsd = price === null ? 0 : costUsdOf(price, tokens);
    costUsd += stepUsd;
    usage.add({ ...tokens, costUsd: stepUsd, model: config.model });
    const { inputTokens: input_tokens, outputTokens: output_tokens } = tokens;
    const cost_usd = price === null ? null : stepUsd;
    log("usage", { step, input_tokens, output_tokens, cost_usd, ...(estimated ? { estimated } : {}) });
  }

  function endStep({ inputTokens, outputTokens }: Tokens): void {
    const input = inputTokens ?? heard.inputTokens;
    const output = outputTokens ?? heard.outputTokens;
    const tokens = {
      inputTokens: input ?? Math.ceil(sentChars / CHARS_PER_TOKEN),
      outputTokens: output ?? Math.ceil(receivedChars / CHARS_PER_TOKEN),
    };
    record(tokens, input === undefined || output === undefined);
  }

  return {
    startStep(number: number, promptChars: number): void {
      step = number;
      sentChars = promptChars;
      receivedChars = 0;
      heard = { inputTokens: undefined, outputTokens: undefined };
      answered = false;
    },
    /** Something of the provider's answer has come: from now on the step has used something. */
    hear(chars: number, tokens: Partial<Tokens> = {}): void {
      answered = true;
      receivedChars += chars;
      heard = { ...heard, ...tokens };
    },
    endStep,
    /** The step, if one is under way, will come to no end. */
    breakOff(): void {
      if (answered) endStep({ inputTokens: undefined, outputTokens: undefined });
    },
    costUsd: () => costUsd,
  };
}
