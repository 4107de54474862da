import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { AppContext } from "./app-context.ts";

/** What every answer carries: the OWASP Secure Headers Project's set, for answers that are data and no page. */
const SECURITY_HEADERS = {
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; form-action 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  "Referrer-Policy": "no-referrer",
  "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
} as const;

/** For the reference page: Swagger UI styles elements from its script, and draws icons from data URLs. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'";

/** For every other page: its own scripts and styles, from files, and nothing that is written into it. */
const DASHBOARD_HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  // Without a referrer a browser gives a form's origin as null, and the form would be refused as another site's.
  "Referrer-Policy": "same-origin",
  // What somebody saw is not to be had from the browser after they have signed out.
  "Cache-Control": "no-store",
} as const;

/**
 * A JSON answer with all its headers. They are given to the Response at once: set one by one, each crosses into the
 * runtime by itself, and together they take longer than a run does.
 */
export function answerJson(
  c: AppContext,
  body: unknown,
  more: { status?: ContentfulStatusCode; mediaType?: string; headers?: Record<string, string> | undefined } = {},
): Response {
  return new Response(JSON.stringify(body), {
    status: more.status ?? 200,
    headers: {
      ...SECURITY_HEADERS,
      "Content-Type": more.mediaType ?? "application/json",
      "X-Request-Id": c.get("requestId"),
      ...more.headers,
    },
  });
}

/** Gives an answer that was made elsewhere (a page, a file, a stream, a redirect) what {@link answerJson} gives its own. */
export function completeHeaders(c: AppContext): void {
  const { headers } = c.res;
  if (headers.has("X-Request-Id")) return;
  headers.set("X-Request-Id", c.get("requestId"));
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value);
  if (c.req.path === "/api/docs" || c.req.path.startsWith("/api/docs/")) {
    headers.set("Content-Security-Policy", PAGE_POLICY);
  } else if (headers.get("Content-Type")?.startsWith("text/html")) {
    for (const [name, value] of Object.entries(DASHBOARD_HEADERS)) headers.set(name, value);
  }
}
