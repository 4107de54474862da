import { MAX_JSON_DEPTH } from "../contract/limits.ts";
import { isNestedDeeper } from "../core/json-depth.ts";

const CUT_MARK = " … [cut]";

/** The text, or its beginning with a mark that says it was cut; never longer than `maxChars`. */
export function cutText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text.toWellFormed();
  return (text.slice(0, maxChars - CUT_MARK.length) + CUT_MARK).toWellFormed();
}

const TOO_DEEP = `it is nested more than ${MAX_JSON_DEPTH} levels deep`;

/** The value as JSON text, or why it has none. `undefined` is null. */
export function jsonOf(value: unknown): { ok: true; text: string } | { ok: false; reason: string } {
  try {
    const text = JSON.stringify(value ?? null) ?? "null";
    const deep = text.length > MAX_JSON_DEPTH && isNestedDeeper(value, MAX_JSON_DEPTH);
    return deep ? { ok: false, reason: TOO_DEEP } : { ok: true, text };
  } catch (error) {
    if (error instanceof RangeError) return { ok: false, reason: TOO_DEEP }; // of the stack
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** At most `maxBytes` of UTF-8: the text itself, or its longest beginning that fits, with `cut` true. */
export function cutBytes(text: string, maxBytes: number): { text: string; cut: boolean } {
  if (text.length * 3 <= maxBytes) return { text, cut: false };
  const bytes = new Uint8Array(maxBytes);
  const { read } = new TextEncoder().encodeInto(text, bytes);
  return read === text.length ? { text, cut: false } : { text: text.slice(0, read), cut: true };
}
