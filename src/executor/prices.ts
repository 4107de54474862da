import type { AgentContext } from "../agents/define-agent.ts";
import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import { readSetPrice } from "../store/model-prices.ts";

/** What models cost, where it was set. A D1 that is away makes no run fail: it is then reckoned as if nothing was. */
export function createPrices(env: Env): AgentContext["setPriceOf"] {
  return async (model) => {
    try {
      const price = await readSetPrice(env.DB, model);
      return price && { inputUsd: price.input_usd_per_million, outputUsd: price.output_usd_per_million };
    } catch (error) {
      log.warn("price.unread", { model, error: describeError(error) });
      return null;
    }
  };
}
