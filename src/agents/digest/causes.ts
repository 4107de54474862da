import { MAX_CAUSE_CHARS } from "../../contract/limits.ts";

/** What differs between two errors of one cause: addresses, names in quotes, ids and numbers. */
const PARTICULARS: readonly [RegExp, string][] = [
  [/\bhttps?:\/\/[^\s"'<>)]+/gi, "<url>"],
  [/"[^"]*"|'[^']{2,}'|`[^`]*`/g, "<name>"],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "<id>"],
  [/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b/gi, "<id>"],
  [/\d+(?:[.,:]\d+)*/g, "<n>"],
];

/** An error without what differs from run to run, by which failures are grouped. One line. */
export function causeOf(error: string): string {
  const line = error.replace(/\s+/g, " ").trim().slice(0, MAX_CAUSE_CHARS);
  const cause = PARTICULARS.reduce((text, [pattern, mark]) => text.replace(pattern, mark), line.toWellFormed());
  return cause === "" ? "(no message)" : cause.slice(0, MAX_CAUSE_CHARS);
}
