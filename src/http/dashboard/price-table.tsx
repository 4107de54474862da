import type { ModelPrice } from "../../contract/model-price.ts";
import { formatUsd } from "./format.ts";
import { Field } from "./schema-field.tsx";
import { StatusPill } from "./status-pill.tsx";

/** What models cost, and for an admin a form to set it. */
export function PriceCard({ prices, maySet }: { prices: readonly ModelPrice[]; maySet: boolean }) {
  return (
    <section class="card flush" id="prices">
      <h2>Model prices</h2>
      <section class="scroll tall" tabindex={0} aria-label="Model prices">
        <table>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col" class="number">
                A million tokens in
              </th>
              <th scope="col" class="number">
                out
              </th>
              <th scope="col">As of</th>
              <th scope="col">Source</th>
              {maySet && (
                <th scope="col">
                  <span class="visually-hidden">Take back</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {prices.map((price) => (
              <Row price={price} maySet={maySet} />
            ))}
          </tbody>
        </table>
      </section>
      {maySet && (
        <details id="set-price" class="card-part">
          <summary>
            <strong>Set a price</strong>
          </summary>
          <PriceForm />
        </details>
      )}
    </section>
  );
}

function Row({ price, maySet }: { price: ModelPrice; maySet: boolean }) {
  return (
    <tr>
      <td class="wrap">{price.model}</td>
      <td class="number">{formatUsd(price.input_usd_per_million)}</td>
      <td class="number">{formatUsd(price.output_usd_per_million)}</td>
      <td class="nowrap">{price.as_of}</td>
      <td>{price.source === "set" ? <StatusPill status="set" /> : <span class="muted">built in</span>}</td>
      {maySet && (
        <td class="number">
          {price.source === "set" && (
            <button
              type="button"
              class="danger"
              data-action={`DELETE /api/prices/${encodeURIComponent(price.model)}`}
              data-confirm={`Take back the price of ${price.model}? Runs then cost what the built-in table says, if it knows the model.`}
              data-said="The price is taken back."
              aria-label={`Take back the price of ${price.model}`}
            >
              Take back
            </button>
          )}
        </td>
      )}
    </tr>
  );
}

function PriceForm() {
  return (
    <form data-send="PUT /api/prices/{model}" data-said="The price is set." novalidate>
      <p class="muted small">For every attempt that begins from then on. What was recorded stays as it was reckoned.</p>
      <p class="form-problem" role="alert" data-problem="" />
      <div class="grid-form">
        <PriceField path="model" label="Model" hint="As its provider spells it." kind="text" asked="Name the model." />
        <PriceField
          path="input_usd_per_million"
          label="Dollars for a million tokens in"
          kind="number"
          asked="Give a price."
        />
        <PriceField
          path="output_usd_per_million"
          label="Dollars for a million tokens out"
          kind="number"
          asked="Give a price."
        />
      </div>
      <p class="actions">
        <button type="submit" class="primary">
          Set the price
        </button>
      </p>
    </form>
  );
}

function PriceField(props: { path: string; label: string; hint?: string; kind: "number" | "text"; asked: string }) {
  const id = `price-${props.path}`;
  return (
    <Field id={id} label={props.label} hint={props.hint}>
      <input
        id={id}
        data-path={props.path}
        data-kind={props.kind}
        inputmode={props.kind === "number" ? "decimal" : undefined}
        autocomplete="off"
        required
        data-required={props.asked}
        aria-describedby={`${id}-hint ${id}-problem`}
      />
    </Field>
  );
}
