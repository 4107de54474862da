import type { Agent } from "./define-agent.ts";
import { echo } from "./echo.ts";
import { scanner } from "./scanner/scanner.ts";

/** Every agent of the service. A new agent is a file of its own and a name in this list. */
export const AGENTS: readonly Agent[] = [echo, scanner];

export type Registry = ReadonlyMap<string, Agent>;

export function createRegistry(agents: readonly Agent[]): Registry {
  const registry = new Map(agents.map((agent) => [agent.name, agent]));
  if (registry.size < agents.length) throw new Error("two agents have the same name");
  return registry;
}
