import type { MiddlewareHandler } from "hono";
import { auth as basicAuth } from "hono/utils/basic-auth";
import { RETRY_AFTER_S } from "../contract/limits.ts";
import { hasRole, type Role } from "../contract/roles.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { callerOf, callerOfToken } from "./callers.ts";
import { ProblemError } from "./problems.ts";

/** Notes who sent the request. Refuses nothing by itself. */
export const identify: MiddlewareHandler<AppEnv> = async (c, next) => {
  c.set("caller", await callerOf(c));
  await next();
};

/** Throws unless the caller has a role, or a greater one. Where no token is set nobody has: it never opens by accident. */
export function requireRole(c: AppContext, least: Role): void {
  const caller = c.get("caller");
  if (caller === null) throw refusal(c, [BEARER]);
  if (hasRole(caller.role, least)) return;
  const detail = `This needs the role ${least}; ${caller.name} has the role ${caller.role}.`;
  throw new ProblemError({ code: "insufficient_role", detail });
}

/**
 * For a page: lets past who has a role, or a greater one, and sends who has none to the page to sign in on, which
 * leads back. Throws `insufficient_role`.
 */
export function signedIn(least: Role): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (c.get("caller") === null && isConfigured(c)) {
      const { pathname, search } = new URL(c.req.url);
      const back = c.req.method === "GET" ? `?next=${encodeURIComponent(pathname + search)}` : "";
      return c.redirect(`/sign-in${back}`, 303);
    }
    requireRole(c, least);
    return next();
  };
}

/**
 * For the reference page: who opens it without being signed in is asked for a password where Basic is
 * offered (RFC 7617), and any user name with a token will do. For reading only: a browser sends a password
 * it knows along with whatever another site makes it post.
 */
export const authorizePage: MiddlewareHandler<AppEnv> = async (c, next) => {
  const password = c.req.method === "GET" ? basicAuth(c.req.raw)?.password : undefined;
  const known = c.get("caller") ?? (password === undefined ? null : await callerOfToken(password, c));
  if (known === null) throw refusal(c, [BEARER, BASIC]);
  await next();
};

/** Whom the record of a change names. */
export function callerName(c: AppContext): string {
  const caller = c.get("caller");
  if (caller === null) throw new Error(`${c.req.path} changes something for a caller that nobody asked for`);
  return caller.name;
}

const BEARER = 'Bearer realm="agent-runs"';
const BASIC = 'Basic realm="agent-runs: any user name, the token as password", charset="UTF-8"';

function isConfigured(c: AppContext): boolean {
  const { ADMIN_TOKEN, LOCAL_OPEN, ACCESS_TEAM_DOMAIN } = c.get("config");
  return ADMIN_TOKEN !== "" || LOCAL_OPEN || ACCESS_TEAM_DOMAIN !== "";
}

function refusal(c: AppContext, challenges: string[]): ProblemError {
  if (!isConfigured(c)) {
    const detail = "This service has no ADMIN_TOKEN yet. Set one with: npx wrangler secret put ADMIN_TOKEN";
    return new ProblemError({ code: "not_configured", detail, retryAfterS: RETRY_AFTER_S });
  }
  return new ProblemError(
    { code: "unauthorized", detail: "Send a valid token as Authorization: Bearer <token>." },
    { headers: { "WWW-Authenticate": challenges.join(", ") } },
  );
}
