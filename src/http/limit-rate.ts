import type { MiddlewareHandler } from "hono";
import { withDeadline } from "../clock.ts";
import { RATE_COUNT_DEADLINE_MS } from "../contract/limits.ts";
import { RATE_WINDOW_S } from "../core/rate-limit.ts";
import { describeError, log } from "../log.ts";
import type { AppContext, AppEnv, Caller } from "./app-context.ts";
import { ProblemError } from "./problems.ts";

/**
 * Refuses what a caller asks beyond their requests a minute, and tells how much is left (IETF draft
 * httpapi-ratelimit-headers). Who has no limit costs no call of an object. A counter that does not answer refuses
 * nobody: a limit guards against too much, and is no lock.
 */
export const limitRate: MiddlewareHandler<AppEnv> = async (c, next) => {
  const caller = c.get("caller");
  const limit = caller === null ? null : limitOf(caller, c);
  if (caller === null || limit === null) return next();
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

/** Who works on this very machine has none. */
function limitOf(caller: Caller, c: AppContext): number | null {
  return caller.via === "local" ? null : (caller.requestsPerMinute ?? c.get("config").REQUESTS_PER_MINUTE);
}

async function count({ name, tokenId }: Caller, limit: number, c: AppContext) {
  const counter = c.env.REQUEST_COUNTER.getByName(tokenId === null ? `caller ${name}` : `token ${tokenId}`);
  try {
    const late = () => new Error(`no answer within ${RATE_COUNT_DEADLINE_MS} ms`);
    return await withDeadline(counter.count(limit), RATE_COUNT_DEADLINE_MS, late);
  } catch (error) {
    log.warn("rate_limit.not_counted", { caller: name, error: describeError(error) });
    return null;
  }
}
