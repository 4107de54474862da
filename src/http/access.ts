import type { MiddlewareHandler } from "hono";
import { auth as basicAuth } from "hono/utils/basic-auth";
import { timingSafeEqual } from "hono/utils/buffer";
import { RETRY_AFTER_S } from "../contract/limits.ts";
import { hasRole, type Role } from "../contract/roles.ts";
import type { AppContext, AppEnv, Caller } from "./app-context.ts";
import { ProblemError } from "./problems.ts";

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

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
 * For pages that a browser opens: it cannot send a Bearer token, but asks for a password where Basic is
 * offered (RFC 7617), and any user name with the token will do. For reading only: a browser sends a password
 * it knows along with whatever another site makes it post.
 */
export const authorizePage: MiddlewareHandler<AppEnv> = async (c, next) => {
  const password = c.req.method === "GET" ? basicAuth(c.req.raw)?.password : undefined;
  if (c.get("caller") === null && !(await isAdminToken(password, c))) throw refusal(c, [BEARER, BASIC]);
  await next();
};

/** Whom the record of a change names. */
export function callerName(c: AppContext): string {
  const caller = c.get("caller");
  if (caller === null) throw new Error(`${c.req.path} changes something for a caller that nobody asked for`);
  return caller.name;
}

async function callerOf(c: AppContext): Promise<Caller | null> {
  if (isOpenLocally(c)) return { name: "local", role: "admin" };
  return (await isAdminToken(bearerToken(c), c)) ? { name: "admin", role: "admin" } : null;
}

const BEARER = 'Bearer realm="agent-runs"';
const BASIC = 'Basic realm="agent-runs: any user name, the token as password", charset="UTF-8"';

function refusal(c: AppContext, challenges: string[]): ProblemError {
  if (c.get("config").ADMIN_TOKEN === "" && !c.get("config").LOCAL_OPEN) {
    const detail = "This service has no ADMIN_TOKEN yet. Set one with: npx wrangler secret put ADMIN_TOKEN";
    return new ProblemError({ code: "not_configured", detail, retryAfterS: RETRY_AFTER_S });
  }
  return new ProblemError(
    { code: "unauthorized", detail: "Send a valid token as Authorization: Bearer <token>." },
    { headers: { "WWW-Authenticate": challenges.join(", ") } },
  );
}

/**
 * LOCAL_OPEN counts only for a request that is addressed to a loopback host, so that the variable has no
 * effect in a deployment, and a page that rebinds its name to 127.0.0.1 gets nothing. A page of another
 * origin that posts here from a browser is refused too: it needs no token to do harm.
 */
function isOpenLocally(c: AppContext): boolean {
  if (!c.get("config").LOCAL_OPEN) return false;
  const url = new URL(c.req.url);
  if (!LOOPBACK_HOSTS.has(url.hostname)) return false;
  const origin = c.req.header("Origin");
  if (origin === undefined || origin === url.origin || c.get("config").CORS_ORIGINS.includes(origin)) return true;
  throw new ProblemError({
    code: "forbidden_origin",
    detail: `Pages of ${origin} may not call this service. List the origin in CORS_ORIGINS to allow it.`,
  });
}

/** What the request carries, whatever it is. */
export function bearerToken(c: AppContext): string | undefined {
  return /^Bearer +([\x21-\x7e]+)$/i.exec(c.req.header("Authorization") ?? "")?.[1];
}

/** In constant time: Hono compares the digests, then the texts, and stops at neither's first difference. */
async function isAdminToken(given: string | undefined, c: AppContext): Promise<boolean> {
  const expected = c.get("config").ADMIN_TOKEN;
  return expected !== "" && given !== undefined && timingSafeEqual(given, expected);
}
