export interface Backoff {
  minDelayMs: number;
  maxDelayMs: number;
  factor: number;
}

/**
 * The wait before try `failures + 1`, in milliseconds: uniform in [0, min(max, min × factor^(failures-1))].
 * "Full jitter" of Marc Brooker, "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015): it spreads
 * those who failed together better than a fixed wait with some noise. `fraction` is a random number in [0, 1).
 */
export function backoffMs(backoff: Backoff, failures: number, fraction: number): number {
  const growth = Math.min(backoff.factor ** (failures - 1), Number.MAX_SAFE_INTEGER); // nothing times infinity is no wait
  const ceilingMs = Math.min(backoff.maxDelayMs, backoff.minDelayMs * growth);
  return Math.floor(fraction * (ceilingMs + 1));
}
