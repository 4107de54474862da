/** What a caller prefers (RFC 7240). Preferences that mean nothing here are ignored, as section 2 asks. */
export interface Preferences {
  respondAsync: boolean;
  /** Seconds that the caller is ready to wait; null where it does not say. */
  waitS: number | null;
}

export function readPreferences(header: string | undefined): Preferences {
  const preferences: Preferences = { respondAsync: false, waitS: null };
  for (const item of (header ?? "").split(",")) {
    if (/^\s*respond-async\s*(;|$)/i.test(item)) preferences.respondAsync = true;
    const wait = /^\s*wait\s*=\s*"?(\d{1,6})"?\s*(;|$)/i.exec(item)?.[1];
    if (wait !== undefined) preferences.waitS ??= Number(wait); // the first of a name counts
  }
  return preferences;
}
