import { Hono } from "hono";
import type { AppContext, AppEnv } from "./app-context.ts";
import { signInPage } from "./dashboard/sign-in-page.tsx";
import { isLoopback } from "./loopback.ts";
import { ProblemError } from "./problems.ts";
import { signIn } from "./session.ts";
import { endSession } from "./session-cookie.ts";

/** The pages to sign in and out on. Neither is audited, and neither needs a role: out of no session is out too. */
export function signInPages() {
  return new Hono<AppEnv>()
    .get("/sign-in", (c) => c.html(signInPage({ next: safeNext(c.req.query("next"), c), problem: null })))
    .post("/sign-in", async (c) => {
      const form = await c.req.parseBody();
      const next = safeNext(form.next, c);
      if (new URL(c.req.url).protocol === "http:" && !isLoopback(c)) {
        return c.html(signInPage({ next, problem: NEEDS_HTTPS }), 400);
      }
      const signedIn = await signIn(typeof form.token === "string" ? form.token.trim() : "", c).catch(tooMany);
      if (signedIn instanceof ProblemError) {
        c.header("Retry-After", String(signedIn.problem.retryAfterS ?? 60));
        return c.html(signInPage({ next, problem: signedIn.problem.detail }), 429);
      }
      if (signedIn === null) return c.html(signInPage({ next, problem: REFUSED }), 401);
      c.header("Set-Cookie", signedIn.setCookie);
      return c.redirect(next, 303);
    })
    .post("/sign-out", async (c) => {
      c.header("Set-Cookie", await endSession(c));
      return c.redirect("/sign-in", 303);
    });
}

const NEEDS_HTTPS = "Open this page over HTTPS: over plain HTTP no browser would keep the cookie that signs you in.";
const REFUSED = "This token opens nothing: it is wrong, expired or revoked.";

function tooMany(error: unknown): ProblemError {
  if (error instanceof ProblemError && error.problem.code === "rate_limited") return error;
  throw error;
}

/** Where to go on: a page of this service, or the first one. A link to sign in may have been made by anybody. */
function safeNext(given: unknown, c: AppContext): string {
  if (typeof given !== "string" || !given.startsWith("/")) return "/";
  const { origin } = new URL(c.req.url);
  if (!URL.canParse(given, origin)) return "/";
  const url = new URL(given, origin);
  return url.origin === origin && url.pathname !== "/sign-in" ? url.pathname + url.search + url.hash : "/";
}
