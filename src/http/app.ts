import { Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import type { Registry } from "../agents/registry.ts";
import { nowMs } from "../clock.ts";
import { MAX_BODY_BYTES } from "../contract/limits.ts";
import { readConfig } from "../env.ts";
import { randomKey } from "../random.ts";
import { authorizePage, identify, requireRole } from "./access.ts";
import { agentConfigRoutes } from "./agent-config.ts";
import { agentVersionRoutes } from "./agent-versions.ts";
import { agentRoutes } from "./agents.ts";
import { completeHeaders } from "./answers.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { auditRoutes } from "./audit.ts";
import { budgetRoutes } from "./budgets.ts";
import { bulkRoutes } from "./bulk.ts";
import { completionRoutes } from "./complete-run.ts";
import { costRoutes } from "./costs.ts";
import { refuseForgery } from "./csrf.ts";
import { assetRoutes } from "./dashboard/assets.ts";
import { dashboardPages } from "./dashboard/pages.ts";
import { docs } from "./docs.ts";
import { healthRoutes } from "./health.ts";
import { jobActionRoutes } from "./job-actions.ts";
import { jobExampleRoutes } from "./job-examples.ts";
import { jobHistoryRoutes } from "./job-history.ts";
import { jobRoutes } from "./jobs.ts";
import { limitRate } from "./limit-rate.ts";
import { memoryRoutes } from "./memory.ts";
import { priceRoutes } from "./prices.ts";
import { answerError, ProblemError } from "./problems.ts";
import { leastRole, type Route, refuseLargeBody, serve } from "./route.ts";
import { runEventRoutes } from "./run-events.ts";
import { runRoutes } from "./runs.ts";
import { schedulePreviewRoutes } from "./schedule-preview.ts";
import { sessionRoutes } from "./session.ts";
import { signInPages } from "./sign-in.ts";
import { streamRoutes } from "./stream.ts";
import { tokenRoutes } from "./tokens.ts";
import { webhookRoutes } from "./webhooks.ts";

/** Every route of the API. The order matters: `/api/agents/runs` is not an agent's name. */
export const ROUTES: readonly Route[] = [
  ...costRoutes,
  ...priceRoutes,
  ...budgetRoutes,
  ...bulkRoutes,
  ...runRoutes,
  ...completionRoutes,
  ...runEventRoutes,
  ...webhookRoutes,
  ...agentRoutes,
  ...agentConfigRoutes,
  ...agentVersionRoutes,
  ...tokenRoutes,
  ...auditRoutes,
  ...sessionRoutes,
  ...memoryRoutes,
  ...schedulePreviewRoutes,
  ...jobRoutes,
  ...jobActionRoutes,
  ...jobHistoryRoutes,
  ...jobExampleRoutes,
  ...streamRoutes,
  ...healthRoutes,
];

/** The HTTP edge over a set of agents: authenticates, validates, routes. */
export function createApp(registry: Registry) {
  const app = new Hono<AppEnv>();
  app.use(async (c, next) => {
    c.set("requestId", randomKey());
    c.set("arrivedAtMs", nowMs());
    await next();
    completeHeaders(c);
  });
  app.use((c, next) => {
    c.set("config", readConfig(c.env));
    c.set("registry", registry);
    return next();
  });
  app.use((c, next) => (c.req.header("Origin") === undefined ? next() : crossOrigin(c, next)));
  app.use(identify);
  app.use(limitRate);
  app.use(limitBody);
  app.use(refuseForgery);

  for (const [path, routes] of Map.groupBy(ROUTES, (route) => route.path)) mount(app, path, routes);
  for (const path of ["/api/openapi.json", "/api/docs", "/api/docs/*"]) app.use(path, authorizePage);
  app.route("/api", docs(ROUTES));
  for (const path of ["/api/openapi.json", "/api/docs", "/api/docs/"]) refuseOtherMethods(app, path, ["GET", "HEAD"]);
  app.route("/", signInPages());
  app.route("/", assetRoutes());
  app.route("/", dashboardPages());

  app.notFound((c) => answerError(nothingThere(c), c));
  app.onError(answerError);
  return app;
}

function mount(app: Hono<AppEnv>, path: string, routes: readonly Route[]): void {
  const pattern = path.replaceAll(/\{(\w+)\}/g, ":$1");
  for (const route of routes) app.on(route.method, pattern, (c) => serve(route, c));
  // Whoever may call none of its routes is not told which there are.
  if (routes.every((route) => leastRole(route) !== null)) app.use(pattern, requireCaller);
  const allowed = routes.flatMap((route) => (route.method === "GET" ? ["GET", "HEAD"] : [route.method]));
  refuseOtherMethods(app, pattern, allowed);
}

const requireCaller: MiddlewareHandler<AppEnv> = (c, next) => {
  requireRole(c, "viewer");
  return next();
};

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

const crossOrigin = cors({
  origin: (origin, c: AppContext) => (c.get("config").CORS_ORIGINS.includes(origin) ? origin : null),
  allowHeaders: [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
  ],
  exposeHeaders: [
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-Id",
  ],
  maxAge: 600,
});

const limitStream = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: refuseLargeBody });

/** A body that says how long it is needs no counting. */
const limitBody: MiddlewareHandler<AppEnv> = (c, next) => {
  const length = c.req.header("Content-Length");
  if (length === undefined || c.req.header("Transfer-Encoding") !== undefined) return limitStream(c, next);
  return Number(length) > MAX_BODY_BYTES ? refuseLargeBody() : next();
};
