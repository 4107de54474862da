import * as z from "zod";
import { nowMs } from "../clock.ts";
import { MAX_MODEL_PRICES } from "../contract/limits.ts";
import { ModelName, ModelPrice, ModelPriceList, NewModelPrice, RemovedPrice } from "../contract/model-price.ts";
import { PRICES, PRICES_DATE, priceOf } from "../core/model-prices.ts";
import { readConfig } from "../env.ts";
import { deletePrice, listSetPrices, putPrice, readSetPrice } from "../store/model-prices.ts";
import { callerName } from "./access.ts";
import type { AppContext } from "./app-context.ts";
import { noteChange } from "./audited.ts";
import { ProblemError } from "./problems.ts";
import { defineRoute } from "./route.ts";
import { instant } from "./run-view.ts";

const pathParams = { schema: z.object({ model: ModelName }), absent: "price_not_found" } as const;
const common = { path: "/api/prices/{model}", tag: "Costs", pathParams } as const;

const getPrices = defineRoute({
  method: "GET",
  path: "/api/prices",
  tag: "Costs",
  summary: "List what models cost",
  description:
    "Those that were set, and the built-in ones that were not. What an `llm` run costs is reckoned by these.",
  access: "viewer",
  answer: ModelPriceList,
  problems: [],
  async handle(_input, c) {
    const prices = await readPrices(c);
    return { body: { prices, total: prices.length } };
  },
});

const getPrice = defineRoute({
  ...common,
  method: "GET",
  summary: "What a model costs",
  description: "A slash in the model's name is `%2F`.",
  access: "viewer",
  answer: ModelPrice,
  problems: ["price_not_found"],
  async handle({ path: { model } }, c) {
    const price = (await readSetPrice(c.env.DB, model)) ?? unsetPrice(model, c);
    if (price === null) throw notFound(model);
    return { body: price };
  },
});

const setPrice = defineRoute({
  ...common,
  method: "PUT",
  summary: "Set what a model costs",
  description: "In force for every attempt that begins after the answer. What was recorded stays as it was reckoned.",
  access: "admin",
  body: NewModelPrice,
  answer: ModelPrice,
  problems: ["too_many_prices"],
  async handle({ path: { model }, body }, c) {
    const before = await readSetPrice(c.env.DB, model);
    const atMs = nowMs();
    const price = { ...body, model, as_of: body.as_of ?? instant(atMs).slice(0, 10) };
    if (!(await putPrice(c.env.DB, price, { setBy: callerName(c), setAtMs: atMs }))) {
      const detail = `${MAX_MODEL_PRICES} prices are set already. Delete one that is not needed.`;
      throw new ProblemError({ code: "too_many_prices", detail });
    }
    const after = await readSetPrice(c.env.DB, model);
    if (after === null) throw new Error(`the price of ${model} was set and is not there`);
    noteChange(c, { before, after });
    return { body: after };
  },
});

const removePrice = defineRoute({
  ...common,
  method: "DELETE",
  summary: "Take back what was set of a model's price",
  description: "`now` is what it costs since: the built-in price, or null if there is none.",
  access: "admin",
  answer: RemovedPrice,
  problems: ["price_not_found"],
  async handle({ path: { model } }, c) {
    const before = await readSetPrice(c.env.DB, model);
    if (!(await deletePrice(c.env.DB, model))) throw notFound(model);
    noteChange(c, { before, after: null });
    return { body: { model, removed: true as const, now: unsetPrice(model, c) } };
  },
});

export const priceRoutes = [getPrices, getPrice, setPrice, removePrice];

/** Those that were set, then the built-in ones that were not. */
export async function readPrices(c: AppContext): Promise<ModelPrice[]> {
  const set = await listSetPrices(c.env.DB);
  const names = new Set(set.map(({ model }) => model));
  const known = new Set([...Object.keys(readConfig(c.env).MODEL_PRICES), ...Object.keys(PRICES)]);
  const unset = [...known].filter((model) => !names.has(model));
  return [...set, ...unset.map((model) => unsetPrice(model, c)).filter((price) => price !== null)];
}

/** As MODEL_PRICES or the built-in table has it. */
function unsetPrice(model: string, c: AppContext): ModelPrice | null {
  const price = priceOf(model, readConfig(c.env).MODEL_PRICES);
  if (price === null) return null;
  const { inputUsd, outputUsd } = price;
  return {
    model,
    input_usd_per_million: inputUsd,
    output_usd_per_million: outputUsd,
    as_of: PRICES_DATE,
    source: "built_in",
  };
}

function notFound(model: string): ProblemError {
  return new ProblemError({
    code: "price_not_found",
    detail: `No price of the model "${model}" was set; without one, the built-in table goes.`,
  });
}
