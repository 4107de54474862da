import { sha256 } from "hono/utils/crypto";
import { nowMs } from "../clock.ts";
import { CREDENTIAL_CACHE_MS, LAST_USE_MS, MAX_REMEMBERED_CREDENTIALS } from "../contract/limits.ts";
import { describeError, log } from "../log.ts";
import { readSession, type SessionRecord } from "../store/sessions.ts";
import { readTokenByHash, recordTokenUse, type TokenRecord } from "../store/tokens.ts";
import type { AppContext } from "./app-context.ts";

/** The beginning of every token, by which a scan for leaked secrets finds one; 43 characters of base64url follow. */
export const TOKEN_PREFIX = "ar_";
const TOKEN = /^ar_[A-Za-z0-9_-]{43}$/;
const SESSION_COOKIE = /^[A-Za-z0-9_-]{43}$/;

/** What is stored of a token or cookie. A fast hash will do: it is of 256 random bits. */
export async function hashOf(secret: string): Promise<string> {
  const hash = await sha256(secret);
  if (hash === null) throw new Error("the runtime has no SHA-256");
  return hash;
}

/** The token, if it is in force. What was read of it may be CREDENTIAL_CACHE_MS old; its expiry is minded to the millisecond. */
export async function findToken(given: string, c: AppContext): Promise<TokenRecord | null> {
  if (!TOKEN.test(given)) return null;
  const hash = await hashOf(given);
  const token = await remembered(c, hash, async () => {
    const found = await readTokenByHash(c.env.DB, hash);
    if (found !== null) noteUse(found, c);
    return found;
  });
  return token !== null && isInForce(token, nowMs()) ? token : null;
}

/** The session of a cookie, if it and its token are in force: as with {@link findToken}. */
export async function findSession(cookie: string, c: AppContext): Promise<SessionRecord | null> {
  if (!SESSION_COOKIE.test(cookie)) return null;
  const hash = await hashOf(cookie);
  const session = await remembered(c, hash, async () => {
    const found = await readSession(c.env.DB, hash);
    if (found !== null && found.token !== null) noteUse(found.token, c);
    return found;
  });
  if (session === null || session.expiresAtMs <= nowMs()) return null;
  return session.token === null || isInForce(session.token, nowMs()) ? session : null;
}

/** Makes this isolate read anew. Others go on for CREDENTIAL_CACHE_MS by what they know. */
export function forgetCredentials(db: D1Database): void {
  memories.delete(db);
}

export function isInForce({ revokedAtMs, expiresAtMs }: TokenRecord, atMs: number): boolean {
  return revokedAtMs === null && (expiresAtMs === null || expiresAtMs > atMs);
}

type Memory = Map<string, { found: TokenRecord | SessionRecord | null; readAtMs: number }>;
const memories = new WeakMap<D1Database, Memory>();

/** Values are kept, never promises: what one request waits for, another must not. */
async function remembered<Found extends TokenRecord | SessionRecord>(
  c: AppContext,
  hash: string,
  read: () => Promise<Found | null>,
): Promise<Found | null> {
  const memory = memories.get(c.env.DB) ?? new Map();
  memories.set(c.env.DB, memory);
  const known = memory.get(hash);
  const atMs = nowMs();
  if (known !== undefined && atMs - known.readAtMs < CREDENTIAL_CACHE_MS) return known.found;
  const found = await read();
  if (memory.size >= MAX_REMEMBERED_CREDENTIALS) memory.clear();
  memory.set(hash, { found, readAtMs: atMs });
  return found;
}

/** Nobody waits for it, and where it fails the next use tries again. */
function noteUse({ id, lastUsedAtMs }: TokenRecord, c: AppContext): void {
  const usedAtMs = nowMs();
  const notSinceMs = usedAtMs - LAST_USE_MS;
  if (lastUsedAtMs !== null && lastUsedAtMs > notSinceMs) return;
  const written = recordTokenUse(c.env.DB, { id, usedAtMs, notSinceMs }).catch((error) =>
    log.warn("token.use_not_recorded", { token_id: id, error: describeError(error) }),
  );
  c.executionCtx.waitUntil(written);
}
