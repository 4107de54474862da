/** The only source of chance: a uniform number in [0, 1). */
export function randomFraction(): number {
  return Math.random();
}

/** A random UUID (RFC 9562, version 4). */
export function randomKey(): string {
  return crypto.randomUUID();
}
