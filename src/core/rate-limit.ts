export const RATE_WINDOW_S = 60;

/** The requests since the first one after the last window had ended. */
export interface RateWindow {
  startedAtMs: number;
  used: number;
}

export interface Counted {
  window: RateWindow;
  allowed: boolean;
  remaining: number;
  /** When there is a whole limit again. */
  resetS: number;
}

/** Counts one request, and no more than `limit` in a window. A clock that goes back starts no window anew. */
export function countRequest(last: RateWindow | null, limit: number, atMs: number): Counted {
  const goesOn = last !== null && atMs < last.startedAtMs + RATE_WINDOW_S * 1_000;
  const before = goesOn ? last : { startedAtMs: atMs, used: 0 };
  const allowed = before.used < limit;
  const window = { ...before, used: before.used + (allowed ? 1 : 0) };
  const resetMs = window.startedAtMs + RATE_WINDOW_S * 1_000 - atMs;
  return { window, allowed, remaining: Math.max(0, limit - window.used), resetS: Math.ceil(resetMs / 1_000) };
}
