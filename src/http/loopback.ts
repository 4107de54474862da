import type { AppContext } from "./app-context.ts";

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Whether a request is addressed to this machine by a name that no other can take. */
export function isLoopback(c: AppContext): boolean {
  return LOOPBACK_HOSTS.has(new URL(c.req.url).hostname);
}
