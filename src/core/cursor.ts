/** A page's end, opaque to callers: base64url of `run:<id>`. The next page holds ids below it. */
export function encodeCursor(lastRunId: number): string {
  return encode("run", lastRunId);
}

/** The id that a cursor names, or null if this service never made it. */
export function decodeCursor(cursor: string): number | null {
  return decode("run", cursor);
}

/** The same of a list of fires: `fire` counts them as they were decided, `slot` is by nominal instant. */
export function encodeFireCursor(of: "fire" | "slot", last: number): string {
  return encode(of, last);
}

export function decodeFireCursor(of: "fire" | "slot", cursor: string): number | null {
  return decode(of, cursor);
}

function encode(list: string, last: number): string {
  return btoa(`${list}:${last}`).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decode(list: string, cursor: string): number | null {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(cursor)) return null;
  try {
    const [, of, digits] =
      /^([a-z]+):([1-9][0-9]{0,15})$/.exec(atob(cursor.replaceAll("-", "+").replaceAll("_", "/"))) ?? [];
    const last = Number(digits);
    return of === list && Number.isSafeInteger(last) && encode(list, last) === cursor ? last : null;
  } catch {
    return null; // atob: not base64
  }
}
