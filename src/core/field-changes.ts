export interface FieldChange {
  /** Where it stands, its names joined by full stops. */
  field: string;
  /** Left out where there was none. */
  from?: unknown;
  /** Left out where there is none any more. */
  to?: unknown;
}

/** In which fields two JSON values differ, in the order of the second's fields, and then of the first's. A list is one field. */
export function fieldChanges(before: unknown, after: unknown, field = ""): FieldChange[] {
  if (!isObject(before) && !isObject(after)) {
    if (JSON.stringify(before) === JSON.stringify(after)) return [];
    return [
      { field, ...(before === undefined ? {} : { from: before }), ...(after === undefined ? {} : { to: after }) },
    ];
  }
  const [old, young] = [fieldsOf(before), fieldsOf(after)];
  const names = new Set([...Object.keys(young), ...Object.keys(old)]);
  return [...names].flatMap((name) => fieldChanges(old[name], young[name], field === "" ? name : `${field}.${name}`));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Nothing, and what is no object, has no fields. */
function fieldsOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}
