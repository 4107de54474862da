import canonicalize from "canonicalize";
import { MAX_IDEMPOTENCY_KEY_CHARS } from "../contract/limits.ts";
import { randomKey } from "../random.ts";
import type { AppContext } from "./app-context.ts";
import { ProblemError } from "./problems.ts";

export interface RequestIdentity {
  /** Unique over all agents: what a run's row is found by. */
  requestKey: string;
  /** SHA-256 of the request in canonical JSON; null where the caller chose no key. */
  fingerprint: string | null;
}

/**
 * What a request is to be known by (IETF draft "The Idempotency-Key HTTP Header Field"). A key belongs to one
 * agent and lives as long as its run is stored. The draft's header is a quoted string; a bare one is taken too.
 * The fingerprint is over RFC 8785 canonical JSON: the order of a client's fields makes no other request.
 */
export async function identityOf(c: AppContext, agentName: string, request: unknown): Promise<RequestIdentity> {
  const key = idempotencyKey(c);
  if (key === null) return { requestKey: `request:${randomKey()}`, fingerprint: null };
  const canonical = new TextEncoder().encode(canonicalOf(request));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", canonical));
  const fingerprint = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { requestKey: `key:${agentName}:${key}`, fingerprint };
}

function canonicalOf(request: unknown): string | undefined {
  try {
    return canonicalize(request);
  } catch {
    // JSON's grammar allows a number past 1.8e308 and half of a surrogate pair; RFC 8785, section 3.2.2, does not.
    throw new ProblemError({
      code: "invalid_params",
      detail: "The request holds a number that is too large, or half a character: no other can be told from it.",
    });
  }
}

function idempotencyKey(c: AppContext): string | null {
  const header = c.req.header("Idempotency-Key");
  if (header === undefined) return null;
  const key = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header)?.[1]?.replaceAll(/\\(["\\])/g, "$1") ?? header;
  if (key.length <= MAX_IDEMPOTENCY_KEY_CHARS && /^[\x20-\x7e]+$/.test(key)) return key;
  throw new ProblemError({
    code: "invalid_idempotency_key",
    detail: `Idempotency-Key must have from 1 to ${MAX_IDEMPOTENCY_KEY_CHARS} printable ASCII characters.`,
  });
}
