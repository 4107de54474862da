import type { Registry } from "../../src/agents/registry.ts";
import type { Env } from "../../src/env.ts";
import type { AppContext } from "../../src/http/app-context.ts";
import { jobActionRoutes } from "../../src/http/job-actions.ts";
import { jobRoutes } from "../../src/http/jobs.ts";
import { ProblemError } from "../../src/http/problems.ts";
import { StorageError } from "../../src/store/storage.ts";

/** What a caller asks of the scheduler's API. */
export interface JobCall {
  action: keyof typeof ROUTES;
  jobId: string;
  body?: unknown;
}

/** `refused`: with a problem's code. */
export type JobAnswer = { kind: "done"; body: unknown } | { kind: "refused"; code: string };

const ROUTES = {
  create: routeOf("POST", "/api/scheduler/jobs"),
  patch: routeOf("PATCH", "/api/scheduler/jobs/{id}"),
  delete: routeOf("DELETE", "/api/scheduler/jobs/{id}"),
  pause: routeOf("POST", "/api/scheduler/jobs/{id}/pause"),
  resume: routeOf("POST", "/api/scheduler/jobs/{id}/resume"),
  trigger: routeOf("POST", "/api/scheduler/jobs/{id}/trigger"),
  backfill: routeOf("POST", "/api/scheduler/jobs/{id}/backfill"),
} as const;

/** Asks the API's own code for it, past the parsing of requests. Never settles if the Worker dies. */
export async function callJobs(
  { action, jobId, body = {} }: JobCall,
  { env, registry }: { env: Env; registry: Registry },
): Promise<JobAnswer> {
  const route = ROUTES[action];
  const context = {
    env,
    get: (name: string) => (name === "registry" ? registry : undefined),
    set: () => {},
    req: { header: () => undefined },
  } as unknown as AppContext;
  try {
    const sent = action === "create" ? { ...(body as object), id: jobId } : body;
    const input = { path: { id: jobId }, query: {}, body: route.body?.parse(sent) };
    const reply = await route.handle(input, context);
    return { kind: "done", body: "body" in reply ? reply.body : null };
  } catch (error) {
    if (error instanceof ProblemError) return { kind: "refused", code: error.problem.code };
    if (error instanceof StorageError) return { kind: "refused", code: "storage_unavailable" };
    throw error;
  }
}

function routeOf(method: string, path: string) {
  const route = [...jobRoutes, ...jobActionRoutes].find((one) => one.method === method && one.path === path);
  if (route === undefined) throw new Error(`there is no route ${method} ${path}`);
  return route;
}
