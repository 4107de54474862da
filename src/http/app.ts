import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import type { Registry } from "../agents/registry.ts";
import { MAX_BODY_BYTES } from "../contract/limits.ts";
import { readConfig } from "../env.ts";
import { authorize, authorizePage, identify } from "./access.ts";
import { agentRoutes } from "./agents.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { bulkRoutes } from "./bulk.ts";
import { costRoutes } from "./costs.ts";
import { docs } from "./docs.ts";
import { healthRoutes } from "./health.ts";
import { answerError, ProblemError } from "./problems.ts";
import { type Route, refuseLargeBody, serve } from "./route.ts";
import { runEventRoutes } from "./run-events.ts";
import { runRoutes } from "./runs.ts";

/** Every route of the API. The order matters: `/api/agents/runs` is not an agent's name. */
export const ROUTES: readonly Route[] = [
  ...costRoutes,
  ...bulkRoutes,
  ...runRoutes,
  ...runEventRoutes,
  ...agentRoutes,
  ...healthRoutes,
];

/** The HTTP edge over a set of agents: authenticates, validates, routes. */
export function createApp(registry: Registry) {
  const app = new Hono<AppEnv>();
  app.use(requestId());
  app.use((c, next) => (isPage(c) ? pageHeaders(c, next) : apiHeaders(c, next)));
  app.use((c, next) => {
    c.set("config", readConfig(c.env));
    c.set("registry", registry);
    return next();
  });
  app.use(
    cors({
      origin: (origin, c: AppContext) => (c.get("config").CORS_ORIGINS.includes(origin) ? origin : null),
      allowHeaders: ["Authorization", "Content-Type", "Last-Event-ID"],
      exposeHeaders: ["Link", "Retry-After", "X-Request-Id"],
      maxAge: 600,
    }),
  );
  app.use(identify);
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: refuseLargeBody }));

  for (const [path, routes] of Map.groupBy(ROUTES, (route) => route.path)) mount(app, path, routes);
  for (const path of ["/api/openapi.json", "/api/docs", "/api/docs/*"]) app.use(path, authorizePage);
  app.route("/api", docs(ROUTES));
  for (const path of ["/api/openapi.json", "/api/docs"]) refuseOtherMethods(app, path, ["GET", "HEAD"]);
  app.get("/", (c) => c.redirect("/api/docs"));

  app.notFound((c) => answerError(nothingThere(c), c));
  app.onError(answerError);
  return app;
}

function mount(app: Hono<AppEnv>, path: string, routes: readonly Route[]): void {
  const pattern = path.replaceAll(/\{(\w+)\}/g, ":$1");
  if (routes.every((route) => route.access === "token")) app.use(pattern, authorize);
  for (const route of routes) app.on(route.method, pattern, (c) => serve(route, c));
  const allowed = routes.flatMap((route) => (route.method === "GET" ? ["GET", "HEAD"] : [route.method]));
  refuseOtherMethods(app, pattern, allowed);
}

/** A path that is there is answered 405 with `Allow`, not 404 (RFC 9110, section 15.5.6). Mount it last. */
function refuseOtherMethods(app: Hono<AppEnv>, pattern: string, allowed: readonly string[]): void {
  app.all(pattern, (c) => {
    throw new ProblemError(
      { code: "method_not_allowed", detail: `${c.req.path} takes ${allowed.join(", ")}, not ${c.req.method}.` },
      { headers: { Allow: allowed.join(", ") } },
    );
  });
}

function nothingThere(c: AppContext): ProblemError {
  return new ProblemError({ code: "not_found", detail: `There is nothing at ${c.req.path}. See /api/docs.` });
}

function isPage(c: AppContext): boolean {
  return c.req.path === "/api/docs" || c.req.path.startsWith("/api/docs/");
}

const COMMON_HEADERS = {
  strictTransportSecurity: "max-age=31536000; includeSubDomains",
  xFrameOptions: "DENY",
  permissionsPolicy: { camera: [], geolocation: [], microphone: [] },
};

const apiHeaders = secureHeaders({
  ...COMMON_HEADERS,
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], formAction: ["'none'"] },
});

/** Swagger UI styles elements from its script, and draws icons from data URLs. */
const pageHeaders = secureHeaders({
  ...COMMON_HEADERS,
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", "data:"],
    connectSrc: ["'self'"],
    frameAncestors: ["'none'"],
    formAction: ["'none'"],
    baseUri: ["'none'"],
  },
});
