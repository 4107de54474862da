import * as z from "zod";
import { MAX_MODEL_NAME_CHARS, MAX_PRICE_USD_PER_MILLION } from "./limits.ts";

const Usd = z.number().min(0).max(MAX_PRICE_USD_PER_MILLION);

/** What a million tokens of a model cost, in US dollars. */
export const NewModelPrice = z
  .strictObject({
    input_usd_per_million: Usd,
    output_usd_per_million: Usd,
    as_of: z.iso.date().optional().meta({ description: "When the price was looked up. Left out: today." }),
  })
  .meta({ id: "NewModelPrice" });

export const ModelPrice = z
  .object({
    model: z.string(),
    input_usd_per_million: z.number(),
    output_usd_per_million: z.number(),
    as_of: z.string().meta({ description: "A day or a month." }),
    source: z
      .enum(["built_in", "set"])
      .meta({ description: "`set`: by this API, over MODEL_PRICES and the built-in table." }),
  })
  .meta({ id: "ModelPrice" });
export type ModelPrice = z.infer<typeof ModelPrice>;

export const ModelPriceList = z.object({ prices: z.array(ModelPrice), total: z.int() }).meta({ id: "ModelPriceList" });
export const RemovedPrice = z
  .object({ model: z.string(), removed: z.literal(true), now: ModelPrice.nullable() })
  .meta({ id: "RemovedPrice" });

/** As a provider spells it; in a URL a slash is `%2F`. */
export const ModelName = z
  .string()
  .regex(/^\S(?:.*\S)?$/, "must not begin or end with a space")
  .max(MAX_MODEL_NAME_CHARS);
