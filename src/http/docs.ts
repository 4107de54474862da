import { Hono } from "hono";
import { html } from "hono/html";
import type { AppEnv } from "./app-context.ts";
import { openApiDocument } from "./openapi.ts";
import type { Route } from "./route.ts";

/** Swagger UI's own files, served from this Worker's assets under /api/docs. */
const ASSETS: ReadonlySet<string> = new Set(["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"]);

const PAGE = html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Agent Runs API</title>
    <link rel="icon" href="/api/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/api/docs/swagger-ui.css">
  </head>
  <body>
    <div id="docs"></div>
    <script src="/api/docs/swagger-ui-bundle.js"></script>
    <script src="/api/docs/start.js"></script>
  </body>
</html>`;

/** Who is signed in tries routes out by their session, and so needs its CSRF token. */
const START_SCRIPT = `
async function requestInterceptor(request) {
  if (request.method === "GET") return request;
  const session = await fetch("/api/session");
  if (session.ok) request.headers["X-CSRF-Token"] = (await session.json()).csrf_token;
  return request;
}
SwaggerUIBundle({
  url: "/api/openapi.json", dom_id: "#docs", deepLinking: true, tryItOutEnabled: true, requestInterceptor,
});
`;

/** The OpenAPI document and a page to read and try it, without any other host. */
export function docs(routes: readonly Route[]) {
  let document: ReturnType<typeof openApiDocument> | undefined;

  return new Hono<AppEnv>()
    .get("/openapi.json", (c) => {
      document ??= openApiDocument(routes);
      return c.json(document);
    })
    .get("/docs", (c) => c.html(PAGE))
    .get("/docs/", (c) => c.redirect("/api/docs", 308))
    .get("/docs/start.js", (c) => c.body(START_SCRIPT, 200, { "Content-Type": "text/javascript; charset=utf-8" }))
    .get("/docs/:asset", async (c, next) => {
      const asset = c.req.param("asset");
      if (!ASSETS.has(asset)) return next();
      const answer = await c.env.ASSETS.fetch(new URL(`/${asset}`, c.req.url));
      return new Response(answer.body, answer); // a copy, whose headers can be changed
    });
}
