import { Hono } from "hono";
import type { AppContext, AppEnv } from "./app-context.ts";
import { signInPage } from "./dashboard/sign-in-page.tsx";
import { signIn } from "./session.ts";
import { endSession } from "./session-cookie.ts";

/** The pages to sign in and out on. Neither is audited, and neither needs a role: out of no session is out too. */
export function signInPages() {
  return new Hono<AppEnv>()
    .get("/sign-in", (c) => c.html(signInPage({ next: safeNext(c.req.query("next"), c), refused: false })))
    .post("/sign-in", async (c) => {
      const form = await c.req.parseBody();
      const next = safeNext(form.next, c);
      const signedIn = await signIn(typeof form.token === "string" ? form.token.trim() : "", c);
      if (signedIn === null) return c.html(signInPage({ next, refused: true }), 401);
      c.header("Set-Cookie", signedIn.setCookie);
      return c.redirect(next, 303);
    })
    .post("/sign-out", async (c) => {
      c.header("Set-Cookie", await endSession(c));
      return c.redirect("/sign-in", 303);
    });
}

/** Where to go on: a page of this service, or the first one. A link to sign in may have been made by anybody. */
function safeNext(given: unknown, c: AppContext): string {
  if (typeof given !== "string" || !given.startsWith("/")) return "/";
  const { origin } = new URL(c.req.url);
  if (!URL.canParse(given, origin)) return "/";
  const url = new URL(given, origin);
  return url.origin === origin && url.pathname !== "/sign-in" ? url.pathname + url.search + url.hash : "/";
}
