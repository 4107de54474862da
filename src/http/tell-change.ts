import { nowMs } from "../clock.ts";
import type { ChangedKind } from "../contract/stream.ts";
import { tellOn } from "../stream/client.ts";
import type { AppContext } from "./app-context.ts";
import { instant } from "./run-view.ts";

/** By the beginning of a route's path, the longest first. What is not here is told by itself, or to admins only. */
const KINDS: readonly [string, ChangedKind][] = [
  ["/api/agents/{name}/memory", "memory"],
  ["/api/agents/{name}", "agent"],
  ["/api/scheduler/", "job"],
  ["/api/budgets", "budget"],
  ["/api/prices", "price"],
];

/** Tells those who watch that something was changed, so that an open page shows it. Nobody waits for it. */
export function tellOfChange(c: AppContext, route: { method: string; path: string }): void {
  const kind = KINDS.find(([prefix]) => route.path.startsWith(prefix))?.[1];
  if (kind === undefined) return;
  const data = { kind, subject: c.req.path, action: `${route.method} ${route.path}`, at: instant(nowMs()) };
  tellOn(c.env.STREAM, (told) => c.executionCtx.waitUntil(told))({ event: "change", data });
}
