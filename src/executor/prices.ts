import type { AgentContext } from "../agents/define-agent.ts";
import { builtInPrice } from "../core/model-prices.ts";
import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import { readSetPrice } from "../store/model-prices.ts";

/** What models cost: as it was set, or else as it is built in. A D1 that is away makes no run fail. */
export function createPrices(env: Env): AgentContext["priceOf"] {
  return async (model) => {
    try {
      return (await readSetPrice(env.DB, model)) ?? builtInPrice(model);
    } catch (error) {
      log.warn("price.unread", { model, error: describeError(error) });
      return builtInPrice(model);
    }
  };
}
