/** A page's end, opaque to callers: base64url of `run:<id>`. The next page holds ids below it. */
export function encodeCursor(lastRunId: number): string {
  return btoa(`run:${lastRunId}`).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The id that a cursor names, or null if this service never made it. */
export function decodeCursor(cursor: string): number | null {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(cursor)) return null;
  try {
    const match = /^run:([1-9][0-9]{0,15})$/.exec(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")));
    const id = Number(match?.[1]);
    return Number.isSafeInteger(id) && encodeCursor(id) === cursor ? id : null;
  } catch {
    return null; // atob: not base64
  }
}
