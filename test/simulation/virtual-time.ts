interface Timer {
  id: number;
  atMs: number;
  fire(): void;
}

const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setImmediate: globalThis.setImmediate,
  now: Date.now,
  random: Math.random,
  randomUUID: crypto.randomUUID,
  console: { log: console.log, warn: console.warn, error: console.error },
};

/**
 * Time that passes only when told to, and then at once. Timers run one by one, in the order of their instants and
 * then of their making; between two of them every promise that can settle does. So with chance seeded, and everything
 * slow made of timers, what happens is decided by the seed alone.
 */
export function createVirtualTime(startMs: number) {
  let elapsedMs = 0;
  let jumpedMs = 0;
  let nextId = 1;
  const timers = new Map<number, Timer>();

  function set(fire: () => void, delayMs = 0): number {
    const id = nextId++;
    timers.set(id, { id, atMs: elapsedMs + Math.max(1, Math.ceil(delayMs)), fire });
    return id;
  }

  /** The first timer due by then; a Map keeps the order of making. */
  function next(untilMs: number): Timer | null {
    let first: Timer | null = null;
    for (const timer of timers.values()) {
      if (timer.atMs <= untilMs && (first === null || timer.atMs < first.atMs)) first = timer;
    }
    return first;
  }

  async function advance(byMs: number): Promise<void> {
    const untilMs = elapsedMs + byMs;
    for (;;) {
      await settled();
      const timer = next(untilMs);
      if (timer === null) break;
      timers.delete(timer.id);
      elapsedMs = timer.atMs;
      timer.fire();
    }
    elapsedMs = untilMs;
  }

  return {
    set,
    clear: (id: number) => void timers.delete(id),
    advance,
    /** What a clock on the wall shows. It may jump: timers do not follow it. */
    wallMs: () => startMs + elapsedMs + jumpedMs,
    jump(byMs: number): void {
      jumpedMs += byMs;
    },
  };
}

export type VirtualTime = ReturnType<typeof createVirtualTime>;

/** Runs `body` with this time and this chance as the process's own, and with its log lines given to `onLog`. */
export async function withVirtual<T>(
  { time, fraction, onLog }: { time: VirtualTime; fraction(): number; onLog(line: string): void },
  body: () => Promise<T>,
): Promise<T> {
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => Math.floor(fraction() * 16).toString(16)).join("");
  Object.assign(globalThis, { setTimeout: time.set, clearTimeout: time.clear });
  Date.now = time.wallMs;
  Math.random = fraction;
  crypto.randomUUID = () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
  Object.assign(console, { log: onLog, warn: onLog, error: onLog });
  try {
    return await body();
  } finally {
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
    Date.now = real.now;
    Math.random = real.random;
    crypto.randomUUID = real.randomUUID;
    Object.assign(console, real.console);
  }
}

/** Resolves once no promise can settle any more without a timer. */
function settled(): Promise<void> {
  return new Promise((resolve) => real.setImmediate(resolve));
}
