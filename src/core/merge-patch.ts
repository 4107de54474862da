/**
 * What settings become by a patch (RFC 7396): what it does not name stays, null takes away, and of an object only the fields that it names are changed.
 */
export function mergePatch(settings: object, patch: object): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...settings };
  for (const [name, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete merged[name];
    else merged[name] = isObject(value) ? mergePatch(fieldsOf(merged[name]), value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown): object {
  return isObject(value) ? value : {};
}
