import type { Role } from "../../src/contract/roles.ts";

/**
 * Who may call what, the least role of each route and page. Reading is a viewer's; running, cancelling, replaying and
 * keeping jobs an operator's; what an agent is, what it may spend, what a model costs and who may call is an admin's.
 */
export const ROUTE_ROLES: Record<string, "public" | "own" | Role> = {
  "GET /": "viewer",
  "GET /agents/{name}": "viewer",
  "GET /runs": "viewer",
  "GET /runs/{id}": "viewer",
  "GET /costs": "viewer",
  "GET /assets/{tag}/{name}": "public",
  "GET /sign-in": "public",
  "POST /sign-in": "public",
  "POST /sign-out": "public",
  "GET /api/health": "public",
  "GET /api/docs": "viewer",
  "GET /api/docs/{asset}": "viewer",
  "GET /api/docs/start.js": "viewer",
  "GET /api/openapi.json": "viewer",

  "GET /api/agents": "viewer",
  "GET /api/agents/{name}": "viewer",
  "PUT /api/agents/{name}": "admin",
  "PATCH /api/agents/{name}": "admin",
  "DELETE /api/agents/{name}": "admin",
  "GET /api/agents/{name}/versions": "viewer",
  "POST /api/agents/{name}/run": "operator",
  "GET /api/agents/{name}/memory": "viewer",
  "DELETE /api/agents/{name}/memory": "admin",
  "GET /api/agents/{name}/memory/{key}": "viewer",
  "DELETE /api/agents/{name}/memory/{key}": "admin",

  "GET /api/agents/runs": "viewer",
  "POST /api/agents/runs/cancel": "operator",
  "POST /api/agents/runs/replay": "operator",
  "GET /api/agents/runs/{id}": "viewer",
  "POST /api/agents/runs/{id}/cancel": "operator",
  "POST /api/agents/runs/{id}/replay": "operator",
  "GET /api/agents/runs/{id}/events": "viewer",
  "POST /api/agents/runs/{id}/webhook/redeliver": "operator",
  "POST /api/agents/runs/{id}/complete": "own",

  "GET /api/agents/costs": "viewer",

  "GET /api/tokens": "admin",
  "POST /api/tokens": "admin",
  "DELETE /api/tokens/{id}": "admin",
  "GET /api/audit": "admin",
  "GET /api/session": "viewer",
  "POST /api/session": "public",
  "DELETE /api/session": "viewer",
  "POST /api/scheduler/preview": "viewer",
  "GET /api/scheduler/jobs": "viewer",
  "POST /api/scheduler/jobs": "operator",
  "GET /api/scheduler/jobs/{id}": "viewer",
  "PATCH /api/scheduler/jobs/{id}": "operator",
  "DELETE /api/scheduler/jobs/{id}": "operator",
  "POST /api/scheduler/jobs/{id}/pause": "operator",
  "POST /api/scheduler/jobs/{id}/resume": "operator",
  "PUT /api/scheduler/jobs/{id}/schedule": "operator",
  "POST /api/scheduler/jobs/{id}/trigger": "operator",
  "POST /api/scheduler/jobs/{id}/backfill": "operator",
  "GET /api/scheduler/jobs/{id}/preview": "viewer",
  "GET /api/scheduler/history": "viewer",

  "GET /api/stream": "viewer",
};
