/** The only source of chance: a uniform number in [0, 1). */
export function randomFraction(): number {
  return Math.random();
}

/** A random UUID (RFC 9562, version 4). */
export function randomKey(): string {
  return crypto.randomUUID();
}

/** 256 random bits, as base64url (43 characters): what nobody can guess, and needs no slow hash to be stored. */
export function randomSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
