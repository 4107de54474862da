import { generateCookie, getCookie } from "hono/cookie";
import { nowMs } from "../clock.ts";
import { SESSION_MS } from "../contract/limits.ts";
import { randomSecret } from "../random.ts";
import { deleteSession, insertSession } from "../store/sessions.ts";
import { hmacBase64 } from "../webhooks/signature.ts";
import type { AppContext, Caller } from "./app-context.ts";
import { forgetCredentials, hashOf } from "./credentials.ts";
import { isLoopback } from "./loopback.ts";

/** `__Host-`: no other host of the domain can set it (RFC 6265bis, section 4.1.3). */
const NAME = "__Host-agent_runs_session";
/** Over plain HTTP, which only a loopback host may speak, there is no such prefix. */
const LOCAL_NAME = "agent_runs_session";

export function sessionCookie(c: AppContext): string | undefined {
  return getCookie(c, isLoopback(c) ? LOCAL_NAME : NAME);
}

export interface StartedSession {
  cookie: string;
  /** The header's value. */
  setCookie: string;
  expiresAtMs: number;
}

/**
 * Signs a browser in, under a cookie that is new whatever it sent, and ends the session that it had: nobody can hand
 * somebody else a session and use it afterwards. It ends with its token, and after SESSION_MS at the latest.
 */
export async function startSession({ tokenId, ...caller }: Caller, c: AppContext): Promise<StartedSession> {
  await endSession(c);
  const cookie = randomSecret();
  const createdAtMs = nowMs();
  const expiresAtMs = Math.min(createdAtMs + SESSION_MS, caller.expiresAtMs ?? Number.POSITIVE_INFINITY);
  await insertSession(c.env.DB, {
    sessionHash: await hashOf(cookie),
    tokenId,
    adminProof: tokenId === null ? await adminProof(cookie, c) : null,
    createdAtMs,
    expiresAtMs,
  });
  return { cookie, setCookie: cookieHeader(c, cookie, (expiresAtMs - createdAtMs) / 1_000), expiresAtMs };
}

/** Ends the session that the request is sent in, if it is in one. Answers the header that makes the browser forget it. */
export async function endSession(c: AppContext): Promise<string> {
  const cookie = sessionCookie(c);
  if (cookie !== undefined) {
    await deleteSession(c.env.DB, await hashOf(cookie));
    forgetCredentials(c.env.DB);
  }
  return cookieHeader(c, "", 0);
}

/** Says of which ADMIN_TOKEN a session is, to nobody who has not got its cookie: it may be a word that can be guessed. */
export function adminProof(cookie: string, c: AppContext): Promise<string> {
  return hmacBase64(new TextEncoder().encode(cookie), `admin ${c.get("config").ADMIN_TOKEN}`);
}

/** Lax, not Strict: a link to a run in a mail must open. What changes something asks for more than the cookie. */
function cookieHeader(c: AppContext, cookie: string, maxAgeS: number): string {
  const common = { httpOnly: true, sameSite: "Lax", path: "/", maxAge: maxAgeS } as const;
  return isLoopback(c)
    ? generateCookie(LOCAL_NAME, cookie, common)
    : generateCookie(NAME, cookie, { ...common, secure: true });
}
