import type { AgentContext } from "../agents/define-agent.ts";
import { MAX_MODEL_CHARS, MAX_RUN_COST_USD, MAX_RUN_MODELS, MAX_RUN_TOKENS } from "../contract/limits.ts";
import { usdToMicrousd } from "../core/money.ts";

export interface Usage {
  tokensInput: number;
  tokensOutput: number;
  costUsd: number;
}

/** What a model has used; a cost of null is not known. */
type OfModel = Omit<Usage, "costUsd"> & { costUsd: number | null };

const NOTHING: Usage = { tokensInput: 0, tokensOutput: 0, costUsd: 0 };

/** Adds up what an attempt says that it used. */
export function createUsageMeter() {
  const usage: Usage = { ...NOTHING };
  const byModel = new Map<string, OfModel>();

  const add: AgentContext["usage"]["add"] = ({ inputTokens = 0, outputTokens = 0, costUsd = 0, model }) => {
    const added = {
      tokensInput: amount("inputTokens", inputTokens),
      tokensOutput: amount("outputTokens", outputTokens),
      costUsd: amount("costUsd", costUsd ?? 0),
    };
    const total = sum(usage, added);
    if (Math.max(total.tokensInput, total.tokensOutput) > MAX_RUN_TOKENS || total.costUsd > MAX_RUN_COST_USD) {
      throw new RangeError(`usage.add: a run cannot use over ${MAX_RUN_TOKENS} tokens or ${MAX_RUN_COST_USD} dollars`);
    }
    Object.assign(usage, total);
    if (model !== undefined)
      addToModel(model.slice(0, MAX_MODEL_CHARS), costUsd === null ? { ...added, costUsd } : added);
  };

  function addToModel(name: string, added: OfModel): void {
    const model = byModel.has(name) || byModel.size < MAX_RUN_MODELS ? name : "other";
    const before = byModel.get(model) ?? NOTHING;
    const known = before.costUsd !== null && added.costUsd !== null;
    const total = sum({ ...before, costUsd: before.costUsd ?? 0 }, { ...added, costUsd: added.costUsd ?? 0 });
    byModel.set(model, known ? total : { ...total, costUsd: null });
  }

  /** Of those that were named; as the history keeps it. */
  const models = () =>
    [...byModel].map(([model, { tokensInput, tokensOutput, costUsd }]) => ({
      model,
      tokensInput: Math.round(tokensInput),
      tokensOutput: Math.round(tokensOutput),
      costMicrousd: costUsd === null ? null : usdToMicrousd(costUsd),
    }));

  return { add, usage, models };
}

function sum(a: Usage, b: Usage): Usage {
  return {
    tokensInput: a.tokensInput + b.tokensInput,
    tokensOutput: a.tokensOutput + b.tokensOutput,
    costUsd: a.costUsd + b.costUsd,
  };
}

function amount(name: string, value: number): number {
  if (typeof value === "number" && value >= 0) return value;
  throw new RangeError(`usage.add: ${name} must be a number from 0 up, not ${value}`);
}
