const SECRET_PREFIX = "whsec_";

/**
 * The key of a signing secret, in either form: `whsec_` and base64, as Standard Webhooks writes one, or any other text,
 * whose UTF-8 bytes it is. Null if there is none: it is empty, or not base64 where it says so.
 */
export function signingKey(secret: string | undefined): Uint8Array | null {
  const text = (secret ?? "").trim();
  const bytes = text.startsWith(SECRET_PREFIX)
    ? bytesOfBase64(text.slice(SECRET_PREFIX.length))
    : new TextEncoder().encode(text);
  return bytes === null || bytes.length === 0 ? null : bytes;
}

/** Standard Webhooks 1.0.0, "Signature scheme": HMAC-SHA256 over id, timestamp and body, joined by full stops. */
export async function signature(
  key: Uint8Array,
  message: { id: string; timestampS: number; body: string },
): Promise<string> {
  return `v1,${await hmacBase64(key, `${message.id}.${message.timestampS}.${message.body}`)}`;
}

/** HMAC-SHA256 of a text, in base64. */
export async function hmacBase64(key: Uint8Array, text: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const hmacKey = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", hmacKey, new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...mac));
}

function bytesOfBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
