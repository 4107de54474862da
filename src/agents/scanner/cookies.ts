import { parseSetCookie } from "set-cookie-parser";
import type { Verdict } from "./output.ts";

export interface Cookie {
  name: string;
  secure: boolean;
  httpOnly: boolean;
  /** As the site wrote it; null without it. */
  sameSite: string | null;
}

/** The cookies of Set-Cookie lines, without their values. */
export function readCookies(setCookies: readonly string[]): Cookie[] {
  return parseSetCookie(setCookies, { decodeValues: false, silent: true }).map((cookie) => ({
    name: cookie.name,
    secure: cookie.secure ?? false,
    httpOnly: cookie.httpOnly ?? false,
    sameSite: cookie.sameSite ?? null,
  }));
}

/** Scores the worst cookie as the HTTP Observatory does (see grade.ts), by whose rule a name tells what a cookie is for. */
export function checkCookies(cookies: readonly Cookie[], page: { hsts: boolean }): Verdict {
  if (cookies.length === 0) return { modifier: 0, reason: "No cookie was set." };
  const faults = cookies.flatMap((cookie) => faultsOf(cookie, page)).sort((a, b) => a.modifier - b.modifier);
  const [worst] = faults;
  if (worst !== undefined) return worst;
  return cookies.every((cookie) => cookie.sameSite !== null)
    ? { modifier: 5, reason: "All cookies have Secure and SameSite, and session cookies HttpOnly." }
    : { modifier: 0, reason: "All cookies have Secure, and session cookies HttpOnly, but some have no SameSite." };
}

function faultsOf(cookie: Cookie, { hsts }: { hsts: boolean }): Verdict[] {
  const isSession = /login|sess/i.test(cookie.name);
  const faults: Verdict[] = [];
  if (!cookie.secure) {
    faults.push(
      hsts
        ? { modifier: isSession ? -10 : -5, reason: `A ${kindOf(isSession)} has no Secure; HSTS still protects it.` }
        : { modifier: isSession ? -40 : -20, reason: `A ${kindOf(isSession)} has no Secure, nor is there HSTS.` },
    );
  }
  if (isSession && !cookie.httpOnly) faults.push({ modifier: -30, reason: "A session cookie has no HttpOnly." });
  if (!hasValidSameSite(cookie)) faults.push({ modifier: -20, reason: "A cookie's SameSite is not valid." });
  if (/csrf/i.test(cookie.name) && cookie.sameSite === null) {
    faults.push({ modifier: -20, reason: "An anti-CSRF cookie has no SameSite." });
  }
  return faults;
}

/** SameSite=None is valid only with Secure (RFC 6265bis section 5.7). */
function hasValidSameSite({ sameSite, secure }: Cookie): boolean {
  if (sameSite === null) return true;
  const value = sameSite.toLowerCase();
  return value === "lax" || value === "strict" || (value === "none" && secure);
}

function kindOf(isSession: boolean): string {
  return isSession ? "session cookie" : "cookie";
}
