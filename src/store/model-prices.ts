import { MAX_MODEL_PRICES } from "../contract/limits.ts";
import type { ModelPrice } from "../contract/model-price.ts";
import { microusdToUsd, usdToMicrousd } from "../core/money.ts";
import { storage } from "./storage.ts";

interface PriceRow {
  model: string;
  input_microusd: number;
  output_microusd: number;
  as_of: string;
}

export const SELECT_PRICE = `
  SELECT model, input_microusd, output_microusd, as_of FROM model_prices WHERE model = ?1`;

export const SELECT_PRICES = `
  SELECT model, input_microusd, output_microusd, as_of FROM model_prices ORDER BY model LIMIT ?1`;

/** Sets nothing where the table is full and the model is not in it. */
export const PUT_PRICE = `
  INSERT INTO model_prices (model, input_microusd, output_microusd, as_of, set_by, set_at)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6
   WHERE EXISTS (SELECT 1 FROM model_prices WHERE model = ?1) OR (SELECT count(*) FROM model_prices) < ?7
  ON CONFLICT (model) DO UPDATE
     SET input_microusd = excluded.input_microusd, output_microusd = excluded.output_microusd,
         as_of = excluded.as_of, set_by = excluded.set_by, set_at = excluded.set_at`;

export const DELETE_PRICE = "DELETE FROM model_prices WHERE model = ?1";

/** What was set of a model, or null. */
export async function readSetPrice(db: D1Database, model: string): Promise<ModelPrice | null> {
  const row = await storage("read a price", () => db.prepare(SELECT_PRICE).bind(model).first<PriceRow>());
  return row === null ? null : priceOf(row);
}

/** All that were set, by model. */
export async function listSetPrices(db: D1Database): Promise<ModelPrice[]> {
  const { results } = await storage("list the prices", () =>
    db.prepare(SELECT_PRICES).bind(MAX_MODEL_PRICES).all<PriceRow>(),
  );
  return results.map(priceOf);
}

/** Answers whether there was room. */
export async function putPrice(
  db: D1Database,
  price: Omit<ModelPrice, "source">,
  { setBy, setAtMs }: { setBy: string; setAtMs: number },
): Promise<boolean> {
  const input = usdToMicrousd(price.input_usd_per_million);
  const output = usdToMicrousd(price.output_usd_per_million);
  const { meta } = await storage("set a price", () =>
    db.prepare(PUT_PRICE).bind(price.model, input, output, price.as_of, setBy, setAtMs, MAX_MODEL_PRICES).run(),
  );
  return meta.changes > 0;
}

/** Answers whether there was one. */
export async function deletePrice(db: D1Database, model: string): Promise<boolean> {
  const { meta } = await storage("delete a price", () => db.prepare(DELETE_PRICE).bind(model).run());
  return meta.changes > 0;
}

function priceOf(row: PriceRow): ModelPrice {
  return {
    model: row.model,
    input_usd_per_million: microusdToUsd(row.input_microusd),
    output_usd_per_million: microusdToUsd(row.output_microusd),
    as_of: row.as_of,
    source: "set",
  };
}
