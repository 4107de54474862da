import { timingSafeEqual } from "hono/utils/buffer";
import type { TokenRecord } from "../store/tokens.ts";
import type { AppContext, Caller } from "./app-context.ts";
import { callerOfAccess } from "./cloudflare-access.ts";
import { findSession, findToken } from "./credentials.ts";
import { isLoopback } from "./loopback.ts";
import { ProblemError } from "./problems.ts";
import { adminProof, sessionCookie } from "./session-cookie.ts";

/** Who sent the request, by the first of what it carries that is worth something; null: nobody that we know. */
export async function callerOf(c: AppContext): Promise<Caller | null> {
  const bearer = bearerToken(c);
  if (bearer !== undefined) {
    const caller = await callerOfToken(bearer, c);
    if (caller !== null) return caller;
  }
  return (await callerOfSession(c)) ?? (await callerOfAccess(c)) ?? (isOpenLocally(c) ? LOCAL : null);
}

/** Whose token it is; null: nobody's, or it is no longer in force. */
export async function callerOfToken(given: string, c: AppContext): Promise<Caller | null> {
  const token = await findToken(given, c);
  if (token !== null) return callerWith(token, "token");
  return (await isAdminToken(given, c)) ? ADMIN : null;
}

/** What the request carries, whatever it is. */
export function bearerToken(c: AppContext): string | undefined {
  return /^Bearer +([\x21-\x7e]+)$/i.exec(c.req.header("Authorization") ?? "")?.[1];
}

const NO_TOKEN = { tokenId: null, requestsPerMinute: null, expiresAtMs: null };
const ADMIN: Caller = { name: "admin", role: "admin", via: "admin_token", ...NO_TOKEN };
const LOCAL: Caller = { name: "local", role: "admin", via: "local", ...NO_TOKEN };

function callerWith(token: TokenRecord, via: Caller["via"]): Caller {
  const { name, role, id: tokenId, requestsPerMinute, expiresAtMs } = token;
  return { name, role, via, tokenId, requestsPerMinute, expiresAtMs };
}

async function callerOfSession(c: AppContext): Promise<Caller | null> {
  const cookie = sessionCookie(c);
  if (cookie === undefined) return null;
  const session = await findSession(cookie, c);
  if (session === null) return null;
  const { expiresAtMs, token } = session;
  if (token !== null) return { ...callerWith(token, "session"), expiresAtMs };
  const isOfAdmin = c.get("config").ADMIN_TOKEN !== "" && session.adminProof === (await adminProof(cookie, c));
  return isOfAdmin ? { ...ADMIN, via: "session", expiresAtMs } : null;
}

/**
 * LOCAL_OPEN counts only for a request that is addressed to a loopback host, so that the variable has no
 * effect in a deployment, and a page that rebinds its name to 127.0.0.1 gets nothing. A page of another
 * origin that posts here from a browser is refused too: it needs no token to do harm.
 */
function isOpenLocally(c: AppContext): boolean {
  if (!c.get("config").LOCAL_OPEN || !isLoopback(c)) return false;
  const origin = c.req.header("Origin");
  if (origin === undefined || origin === new URL(c.req.url).origin) return true;
  if (c.get("config").CORS_ORIGINS.includes(origin)) return true;
  throw new ProblemError({
    code: "forbidden_origin",
    detail: `Pages of ${origin} may not call this service. List the origin in CORS_ORIGINS to allow it.`,
  });
}

/** In constant time: Hono compares the digests, then the texts, and stops at neither's first difference. */
async function isAdminToken(given: string, c: AppContext): Promise<boolean> {
  const expected = c.get("config").ADMIN_TOKEN;
  return expected !== "" && timingSafeEqual(given, expected);
}
