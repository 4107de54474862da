import type { AgentContext } from "../agents/define-agent.ts";
import { MAX_RUN_COST_USD, MAX_RUN_TOKENS } from "../contract/limits.ts";

export interface Usage {
  tokensInput: number;
  tokensOutput: number;
  costUsd: number;
}

/** Adds up what an attempt says that it used. */
export function createUsageMeter() {
  const usage: Usage = { tokensInput: 0, tokensOutput: 0, costUsd: 0 };

  const add: AgentContext["usage"]["add"] = ({ inputTokens = 0, outputTokens = 0, costUsd = 0 }) => {
    const sum = {
      tokensInput: usage.tokensInput + amount("inputTokens", inputTokens),
      tokensOutput: usage.tokensOutput + amount("outputTokens", outputTokens),
      costUsd: usage.costUsd + amount("costUsd", costUsd),
    };
    if (Math.max(sum.tokensInput, sum.tokensOutput) > MAX_RUN_TOKENS || sum.costUsd > MAX_RUN_COST_USD) {
      throw new RangeError(`usage.add: a run cannot use over ${MAX_RUN_TOKENS} tokens or ${MAX_RUN_COST_USD} dollars`);
    }
    Object.assign(usage, sum);
  };

  return { add, usage };
}

function amount(name: string, value: number): number {
  if (typeof value === "number" && value >= 0) return value;
  throw new RangeError(`usage.add: ${name} must be a number from 0 up, not ${value}`);
}
