import type { MiddlewareHandler } from "hono";
import { COARSE_WINDOW_S } from "../contract/limits.ts";
import { RATE_WINDOW_S } from "../core/rate-limit.ts";
import { describeError, log } from "../log.ts";
import type { AppContext, AppEnv, Caller } from "./app-context.ts";
import { askCounter } from "./ask-counter.ts";
import { callerAddress } from "./caller-address.ts";
import { ProblemError } from "./problems.ts";

// A counter that does not answer refuses nobody: a limit guards against too much, and is no lock.

/**
 * Refuses what a caller asks beyond their requests a minute, and tells how much is left (IETF draft
 * httpapi-ratelimit-headers). Who has no limit costs no call of an object. Coarse limits hold besides for everybody,
 * and for an address that comes with tokens which open nothing: each location counts for itself, at no cost.
 */
export const limitRate: MiddlewareHandler<AppEnv> = async (c, next) => {
  const caller = c.get("caller");
  if (caller === null) {
    const address = c.req.header("Authorization") === undefined ? null : callerAddress(c);
    if (address !== null) await refuseTooMany(c.env.STRANGER_RATE, address, c);
    return next();
  }
  if (caller.via === "local") return next(); // who works on this very machine has no limit
  await refuseTooMany(c.env.CALLER_RATE, counterName(caller), c);
  const limit = caller.requestsPerMinute ?? c.get("config").REQUESTS_PER_MINUTE;
  if (limit === null) return next();
  const counted = await count(caller, limit, c);
  if (counted === null) return next();
  const headers = {
    "RateLimit-Policy": `"minute";q=${limit};w=${RATE_WINDOW_S}`,
    RateLimit: `"minute";r=${counted.remaining};t=${counted.resetS}`,
  };
  if (!counted.allowed) {
    const detail = `${caller.name} may make ${limit} requests a minute.`;
    throw new ProblemError({ code: "rate_limited", detail, retryAfterS: counted.resetS }, { headers });
  }
  await next();
  for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
};

function counterName({ name, tokenId }: Caller): string {
  return tokenId === null ? `caller ${name}` : `token ${tokenId}`;
}

async function refuseTooMany(limiter: RateLimit, key: string, c: AppContext): Promise<void> {
  const { success } = await limiter.limit({ key }).catch((error: unknown) => {
    log.warn("rate_limit.not_counted", { caller: key, error: describeError(error) });
    return { success: true };
  });
  if (success) return;
  const detail = `These are too many requests for one ${c.get("caller") === null ? "address" : "caller"}.`;
  throw new ProblemError({ code: "rate_limited", detail, retryAfterS: COARSE_WINDOW_S });
}

function count(caller: Caller, limit: number, c: AppContext) {
  const counter = c.env.REQUEST_COUNTER.getByName(counterName(caller));
  const warning = { event: "rate_limit.not_counted", fields: { caller: caller.name } };
  return askCounter(() => counter.count(limit), warning);
}
