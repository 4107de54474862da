import { Hono } from "hono";
import { html } from "hono/html";
import type { AppContext, AppEnv } from "./app-context.ts";
import { assetPath } from "./dashboard/assets.ts";
import { signIn } from "./session.ts";
import { endSession } from "./session-cookie.ts";

/** The pages to sign in and out on. Neither is audited, and neither needs a role: out of no session is out too. */
export function signInPages() {
  return new Hono<AppEnv>()
    .get("/sign-in", (c) => c.html(page({ next: safeNext(c.req.query("next"), c), refused: false })))
    .post("/sign-in", async (c) => {
      const form = await c.req.parseBody();
      const next = safeNext(form.next, c);
      const signedIn = await signIn(typeof form.token === "string" ? form.token.trim() : "", c);
      if (signedIn === null) return c.html(page({ next, refused: true }), 401);
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

function page({ next, refused }: { next: string; refused: boolean }) {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Sign in · Agent Runs</title>
    <link rel="icon" type="image/svg+xml" href="${assetPath("icon.svg")}">
    <link rel="stylesheet" href="${assetPath("dashboard.css")}">
  </head>
  <body>
    <main class="sign-in">
      <div class="card">
      <h1>Sign in to Agent Runs</h1>
      ${refused ? html`<p role="alert" class="form-problem" id="refused">This token opens nothing: it is wrong, expired or revoked.</p>` : ""}
      <form method="post" action="/sign-in">
        <input type="hidden" name="next" value="${next}">
        <p class="field">
          <label for="token">API token</label>
          <input id="token" name="token" type="password" autocomplete="current-password" required autofocus
            ${refused ? html`aria-invalid="true" aria-describedby="refused"` : ""}>
        </p>
        <p><button class="primary">Sign in</button></p>
      </form>
      </div>
    </main>
  </body>
</html>`;
}
