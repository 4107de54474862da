import { JsonField, type Property, SchemaField } from "./schema-field.tsx";

/** Of a JSON Schema, as much as a form can show; the API judges what is sent by all of it. */
interface ObjectSchema {
  properties?: Record<string, Property>;
  required?: string[];
  additionalProperties?: unknown;
}

/** The form that an agent's input schema makes, and plain JSON for what no form can say. */
export function RunForm({ agent, schema }: { agent: string; schema: unknown }) {
  const { properties = {}, required = [], additionalProperties } = (schema ?? {}) as ObjectSchema;
  const fields = Object.entries(properties);
  const takesMore = additionalProperties !== false;
  return (
    <form
      id="run-form"
      data-send={`POST /api/agents/${encodeURIComponent(agent)}/run`}
      data-wrap="params"
      data-prefer="respond-async"
      data-go="/runs/{run_id}"
      novalidate
    >
      <p class="form-problem" role="alert" data-problem="" />
      {fields.map(([name, property]) => (
        <SchemaField name={name} property={property} required={required.includes(name)} />
      ))}
      {takesMore && (
        <JsonField
          id="run-more"
          path=""
          label={fields.length === 0 ? "Params (a JSON object)" : "More params (a JSON object)"}
          hint={fields.length === 0 ? "Left empty: none." : undefined}
        />
      )}
      {!takesMore && fields.length === 0 && <p class="muted">It takes no params.</p>}
      {fields.length > 0 && (
        <details data-raw="" id="run-raw">
          <summary class="small">Write all params as JSON instead</summary>
          <JsonField
            id="run-raw-json"
            path=""
            label="All params (a JSON object)"
            hint="While this is open, the fields above are not sent."
          />
        </details>
      )}
      <p class="actions">
        <button type="submit" class="primary">
          Run {agent}
        </button>
      </p>
    </form>
  );
}
