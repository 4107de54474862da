import type { Child } from "hono/jsx";

export interface Property {
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  items?: Property;
}

/** One param as a field of its own kind; one that no kind of field fits is written as JSON. */
export function SchemaField({ name, property, required }: { name: string; property: Property; required: boolean }) {
  const id = `run-${name.replaceAll(/[^\w-]/g, "_")}`;
  const common = {
    id,
    "data-path": name,
    "aria-describedby": `${id}-hint ${id}-problem`,
    "aria-required": required ? ("true" as const) : undefined,
  };
  return (
    <Field id={id} label={required ? `${name} (required)` : name} hint={hintOf(property)}>
      <Input property={property} common={common} />
    </Field>
  );
}

export function JsonField({
  id,
  path,
  label,
  hint,
  value,
  empty,
}: {
  id: string;
  path: string;
  label: string;
  hint?: string | undefined;
  value?: string;
  /** What is sent where nothing is written, as JSON. */
  empty?: string;
}) {
  return (
    <Field id={id} label={label} hint={hint}>
      <textarea
        id={id}
        class="code"
        rows={3}
        data-path={path}
        data-kind="json"
        data-empty={empty}
        spellcheck={false}
        placeholder="{ }"
        aria-describedby={`${id}-hint ${id}-problem`}
      >
        {value}
      </textarea>
    </Field>
  );
}

/** A field with its label, a hint, and the place where its problem is told. */
export function Field({
  id,
  label,
  hint,
  children,
}: {
  id: string;
  label: string;
  hint?: string | undefined;
  children: Child;
}) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
      <p class="field-problem" id={`${id}-problem`} />
    </div>
  );
}

function Input({ property, common }: { property: Property; common: { id: string } }) {
  const given = property.default === undefined ? "" : asText(property.default);
  if (property.enum !== undefined) {
    return (
      <select {...common} data-kind={property.enum.every((each) => typeof each === "string") ? "text" : "json"}>
        <option value="">–</option>
        {property.enum.map((each) => (
          <option value={asText(each)}>{asText(each)}</option>
        ))}
      </select>
    );
  }
  switch (property.type) {
    case "integer":
    case "number":
      return <input {...common} data-kind="number" inputmode="decimal" autocomplete="off" placeholder={given} />;
    case "boolean":
      return (
        <select {...common} data-kind="boolean">
          <option value="">–</option>
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      );
    case "string":
      return (property.maxLength ?? 1_000) > 200 && property.maxLength !== undefined ? (
        <textarea {...common} data-kind="text" rows={3} placeholder={given} />
      ) : (
        <input {...common} data-kind="text" autocomplete="off" placeholder={given} />
      );
    case "array":
      return property.items?.type === "string" ? (
        <textarea {...common} data-kind="lines" rows={3} placeholder="one on each line" />
      ) : (
        <textarea {...common} data-kind="json" class="code" rows={3} placeholder="[ ]" />
      );
    default:
      return <textarea {...common} data-kind="json" class="code" rows={3} placeholder="JSON" />;
  }
}

function hintOf({ description, type, minimum, maximum }: Property): string | undefined {
  const bounded = (type === "integer" || type === "number") && minimum !== undefined && maximum !== undefined;
  const range = bounded && Math.abs(maximum) < Number.MAX_SAFE_INTEGER ? `From ${minimum} to ${maximum}.` : "";
  return [description ?? "", range].filter((text) => text !== "").join(" ") || undefined;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
