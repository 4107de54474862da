export const DAY_MS = 86_400_000;

/** The UTC day of an instant, as days since 1970-01-01. */
export function dayOf(instantMs: number): number {
  return Math.floor(instantMs / DAY_MS);
}

/** `2026-11-23` */
export function dateOfDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
