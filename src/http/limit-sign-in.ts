import { MAX_FAILED_SIGN_INS_PER_MINUTE } from "../contract/limits.ts";
import { log } from "../log.ts";
import type { AppContext } from "./app-context.ts";
import { askCounter } from "./ask-counter.ts";
import { callerAddress } from "./caller-address.ts";
import { ProblemError } from "./problems.ts";

/**
 * Lets `attempt` try a token, and throws `rate_limited` where too many were tried from the caller's address that opened
 * nothing. Each try is counted before it is made, so that many at once are no way around it, and given back where it
 * opens something. A counter that does not answer refuses nobody: a token is of 256 random bits.
 */
export async function limitSignIn<Found>(c: AppContext, attempt: () => Promise<Found | null>): Promise<Found | null> {
  const address = callerAddress(c) ?? "unknown";
  const counter = c.env.REQUEST_COUNTER.getByName(`sign-in ${address}`);
  const counted = await askCounter(() => counter.count(MAX_FAILED_SIGN_INS_PER_MINUTE), NOT_COUNTED);
  if (counted !== null && !counted.allowed) {
    const detail = `Too many tokens were tried from here. Try again in ${counted.resetS} seconds.`;
    throw new ProblemError({ code: "rate_limited", detail, retryAfterS: counted.resetS });
  }
  const found = await attempt();
  if (found === null) log.warn("session.refused", { address, left: counted?.remaining ?? null });
  else if (counted !== null) await askCounter(() => counter.giveBack(), NOT_COUNTED);
  return found;
}

const NOT_COUNTED = { event: "sign_in.not_counted" };
