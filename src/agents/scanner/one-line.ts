/**
 * Text from a stranger as a report may show it: on one line, without control characters, at most `maxBytes` of UTF-8
 * and the "…" that marks a cut.
 */
export function oneLine(text: string, maxBytes: number): string {
  const line = text
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  const { read } = new TextEncoder().encodeInto(line, new Uint8Array(maxBytes));
  return read === line.length ? line : `${line.slice(0, read)}…`;
}
