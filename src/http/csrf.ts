import type { MiddlewareHandler } from "hono";
import { timingSafeEqual } from "hono/utils/buffer";
import { hmacBase64 } from "../webhooks/signature.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { accessToken } from "./cloudflare-access.ts";
import { ProblemError } from "./problems.ts";
import { sessionCookie } from "./session-cookie.ts";

/** The name of a form's hidden field. A script sends the same in the header `X-CSRF-Token`. */
export const CSRF_FIELD = "csrf_token";

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const FORM = /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i;
/** They make a session and go by none; they ask for the same origin all the same. */
const SIGN_INS: ReadonlySet<string> = new Set(["/sign-in", "/api/session"]);

/**
 * What changes something on the strength of a cookie must come from a page of this service: by what the browser says
 * of its origin, and by a token that only such a page can know. A Bearer token is proof enough by itself.
 */
export const refuseForgery: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (SAFE_METHODS.has(c.req.method)) return next();
  if (c.req.method === "POST" && SIGN_INS.has(c.req.path)) {
    requireSameOrigin(c);
    return next();
  }
  if (cookieProof(c) === undefined) return next();
  requireSameOrigin(c);
  const given = c.req.header("X-CSRF-Token") ?? (await formField(c));
  if (given === undefined || !(await timingSafeEqual(given, await csrfToken(c)))) {
    throw forged("Send the csrf_token of GET /api/session as X-CSRF-Token, or use Authorization: Bearer <token>.");
  }
  return next();
};

/** Of this request's session; empty where none is asked for. A session has one for as long as it lasts. */
export async function csrfToken(c: AppContext): Promise<string> {
  const proof = cookieProof(c);
  return proof === undefined ? "" : csrfTokenOf(proof);
}

/** Of what the browser sends along by itself, and no page of another site can read. */
export async function csrfTokenOf(proof: string): Promise<string> {
  return (await hmacBase64(new TextEncoder().encode(proof), "csrf")).replaceAll("+", "-").replaceAll("/", "_");
}

/** Undefined: the caller is known by something that a browser does not send by itself. */
function cookieProof(c: AppContext): string | undefined {
  switch (c.get("caller")?.via) {
    case "session":
      return sessionCookie(c);
    case "access":
      return accessToken(c);
    default:
      return undefined;
  }
}

function requireSameOrigin(c: AppContext): void {
  const origin = c.req.header("Origin");
  const site = c.req.header("Sec-Fetch-Site");
  const isSame = origin === undefined || origin === new URL(c.req.url).origin;
  if (!isSame || (site !== undefined && site !== "same-origin")) {
    throw forged("Only a page of this very service may ask for this in the name of who is signed in.");
  }
}

async function formField(c: AppContext): Promise<string | undefined> {
  if (!FORM.test(c.req.header("Content-Type") ?? "")) return undefined;
  const field = (await c.req.parseBody())[CSRF_FIELD];
  return typeof field === "string" ? field : undefined;
}

function forged(detail: string): ProblemError {
  return new ProblemError({ code: "csrf_refused", detail });
}
