import { IPv6, isValid, parse } from "ipaddr.js";
import type { AppContext } from "./app-context.ts";

/**
 * Where a request comes from, as the platform says it and nobody else can; null on a machine of one's own. Of IPv6 the
 * network: whoever has one address of it has them all.
 */
export function callerAddress(c: AppContext): string | null {
  const given = c.req.header("CF-Connecting-IP") ?? "";
  if (!isValid(given)) return null;
  const address = parse(given);
  if (!(address instanceof IPv6)) return given;
  const network = address.parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(":")}::/64`;
}
