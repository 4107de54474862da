/** The only source of the present: everything else takes the time as an argument, so that a test can choose it. */
export function nowMs(): number {
  return Date.now();
}

export type Now = typeof nowMs;

export function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/**
 * Settles as `work` does, or rejects with `late()` after `deadlineMs`. The work itself goes on: whoever
 * calls must be able to repeat it or to do without its result.
 */
export function withDeadline<T>(work: Promise<T>, deadlineMs: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), deadlineMs);
    work.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
