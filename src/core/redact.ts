const SECRET_NAME = /(^|[_-])(token|secret|password|authorization|cookie|api[_-]?key|credentials?)$/i;
/** What this service, or Standard Webhooks, marks as secret by its beginning. */
const SECRET_TEXT = /\b(ar|whsec)_[A-Za-z0-9+/_=-]{20,}/g;

/** A JSON value as a record may keep it: without what its name or form says is secret, and URLs without user and query. */
export function redact(value: unknown): unknown {
  if (typeof value === "string") return redactText(value);
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      SECRET_NAME.test(name) && inner !== null ? HIDDEN : redact(inner),
    ]),
  );
}

const HIDDEN = "(hidden)";

function redactText(text: string): string {
  const shown = text.replaceAll(SECRET_TEXT, (_, kind) => `${kind}_${HIDDEN}`);
  return shown.replaceAll(/\b(https?:\/\/)([^\s/?#@]*@)?([^\s?#]*)(\?[^\s#]*)?/gi, (_, scheme, user, place, query) =>
    [scheme, user === undefined ? "" : `${HIDDEN}@`, place, query === undefined ? "" : `?${HIDDEN}`].join(""),
  );
}
