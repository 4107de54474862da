const HAND_OVER = Symbol("hand over");

/** What an agent returns instead of an output where somebody else goes on with its attempt. */
export interface HandOver {
  [HAND_OVER]: true;
  /** Then the attempt has timed out, if nobody has completed it. */
  untilMs: number;
}

/**
 * Return it from `execute` to leave the attempt to whoever has what `context.completion` gave. The run keeps its slot,
 * and nothing waits for it here.
 */
export function handOver(untilMs: number): HandOver {
  return { [HAND_OVER]: true, untilMs };
}

export function isHandOver(returned: unknown): returned is HandOver {
  return typeof returned === "object" && returned !== null && HAND_OVER in returned;
}
