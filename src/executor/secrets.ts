import { MIN_HIDDEN_CHARS } from "../contract/limits.ts";
import { jsonOf } from "./bounded.ts";

/**
 * The secrets that an attempt was entrusted with. Whoever it showed them to may say them again, in an error or as an
 * answer: they are taken out of all that the attempt leaves.
 */
export function createSecrets() {
  const hidden = new Set<string>();

  /** Of a text, JSON or not. */
  function without(text: string): string {
    let shown = text;
    for (const secret of hidden) shown = shown.replaceAll(secret, "(hidden)");
    return shown;
  }

  return {
    /** A text so short is no secret, and stands in other words. */
    hide(secret: string): void {
      if (secret.length < MIN_HIDDEN_CHARS) return;
      hidden.add(secret);
      hidden.add(JSON.stringify(secret).slice(1, -1));
    },
    without,
    /** Of whatever JSON can hold. */
    withoutIn(value: unknown): unknown {
      if (hidden.size === 0 || value === undefined) return value;
      const json = jsonOf(value);
      return json.ok ? JSON.parse(without(json.text)) : value;
    },
  };
}
