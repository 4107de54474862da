import { restrictsFraming } from "./csp.ts";
import type { Redirect } from "./fetch-target.ts";
import type { Verdict } from "./output.ts";

// One function per header, each scored as grade.ts says.

/** As the page says; the Observatory's own code is content with 180 days. */
const SIX_MONTHS_S = 15_768_000;

const PRIVATE_REFERRERS = new Set(["no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"]);
const LEAKING_REFERRERS = new Set(["origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade"]);

export function checkHsts(header: string | null, page: { https: boolean }): Verdict {
  if (!page.https) return { modifier: -20, reason: "The page is not served over HTTPS, so there can be no HSTS." };
  if (header === null) return { modifier: -20, reason: "Strict-Transport-Security is not set." };
  const maxAgeS = header
    .split(";")
    .map((part) => /^\s*max-age\s*=\s*"?(\d+)"?\s*$/i.exec(part)?.[1])
    .find((digits) => digits !== undefined);
  if (maxAgeS === undefined) return { modifier: -20, reason: "Strict-Transport-Security has no valid max-age." };
  return Number(maxAgeS) >= SIX_MONTHS_S
    ? { modifier: 0, reason: "Browsers keep to HTTPS for six months or more." }
    : { modifier: -10, reason: `Strict-Transport-Security holds for less than six months (${SIX_MONTHS_S} seconds).` };
}

export function checkContentTypeOptions(header: string | null): Verdict {
  if (header === null) return { modifier: -5, reason: "X-Content-Type-Options is not set." };
  return namesOf(header)[0] === "nosniff"
    ? { modifier: 0, reason: "Browsers keep to the declared content type." }
    : { modifier: -5, reason: 'X-Content-Type-Options is not "nosniff".' };
}

/** The last policy of the list that is known counts: a list holds fallbacks for older browsers. */
export function checkReferrerPolicy(header: string | null): Verdict {
  if (header === null)
    return { modifier: 0, reason: "Referrer-Policy is not set; what browsers do by default is private enough." };
  const policy = namesOf(header).findLast((name) => PRIVATE_REFERRERS.has(name) || LEAKING_REFERRERS.has(name));
  if (policy === undefined) return { modifier: -5, reason: "Referrer-Policy names no known policy." };
  return PRIVATE_REFERRERS.has(policy)
    ? { modifier: 5, reason: `Referrer-Policy "${policy}" keeps addresses private.` }
    : { modifier: -5, reason: `Referrer-Policy "${policy}" tells other sites where a visitor comes from.` };
}

/**
 * Stricter than the Observatory in two cases that protect nobody: a frame-ancestors open to everyone, and the
 * ALLOW-FROM that browsers have dropped.
 */
export function checkFraming(headers: { csp: string | null; frameOptions: string | null }): Verdict {
  if (restrictsFraming(headers.csp)) return { modifier: 5, reason: "frame-ancestors says who may frame the page." };
  if (headers.frameOptions === null) {
    return { modifier: -20, reason: "Any site may show the page in a frame: no frame-ancestors, no X-Frame-Options." };
  }
  return namesOf(headers.frameOptions).every((name) => name === "deny" || name === "sameorigin")
    ? { modifier: 0, reason: "X-Frame-Options keeps other sites from framing the page." }
    : { modifier: -20, reason: "X-Frame-Options is neither DENY nor SAMEORIGIN." };
}

/** Judges the way from http to https, so only targets asked for over http; the Observatory tries both. */
export function checkRedirection(target: URL, redirects: readonly Redirect[], final: URL): Verdict {
  if (target.protocol === "https:" && final.protocol === "https:") {
    return { modifier: 0, reason: "Asked for over HTTPS; what plain HTTP does was not tried." };
  }
  if (final.protocol !== "https:") {
    return redirects.length === 0
      ? { modifier: -20, reason: "Plain HTTP is not redirected to HTTPS." }
      : { modifier: -20, reason: "The redirects do not end at HTTPS." };
  }
  const first = new URL(redirects[1]?.url ?? final);
  if (first.protocol !== "https:") {
    return { modifier: -10, reason: "The first redirect leads to another plain HTTP address." };
  }
  return first.hostname === target.hostname
    ? { modifier: 0, reason: "Plain HTTP is redirected to HTTPS on the same host." }
    : { modifier: -5, reason: "The first redirect leads to another host, so HSTS cannot protect this one." };
}

export function checkPermissionsPolicy(header: string | null): Verdict {
  return header === null
    ? {
        modifier: 0,
        reason:
          "Permissions-Policy is not set; the OWASP Secure Headers Project advises to turn off camera, location and the like.",
      }
    : { modifier: 0, reason: "Permissions-Policy is set; it is not scored." };
}

function namesOf(header: string): string[] {
  return header.split(",").map((name) => name.trim().toLowerCase());
}
