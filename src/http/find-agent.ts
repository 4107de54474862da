import type { Agent } from "../agents/define-agent.ts";
import { type Found, isAgent } from "../agents/registry.ts";
import { MAX_AGENT_LOOKS } from "../contract/limits.ts";
import type { ProblemCode } from "../contract/problems.ts";
import type { AppContext } from "./app-context.ts";
import { ProblemError } from "./problems.ts";

/** What may be refused of an agent only because it has changed since it was last seen. */
const OF_THE_AGENT: ReadonlySet<ProblemCode> = new Set([
  "agent_not_found",
  "agent_retired",
  "agent_disabled",
  "agent_changed",
  "invalid_params",
  "webhook_not_configured",
]);

/** The agent in force. Throws `agent_not_found` or `agent_retired`. */
export async function findAgent(name: string, c: AppContext): Promise<Agent> {
  return presentAgent(name, await c.get("registry").current(c.env.DB, name));
}

/**
 * Does `use` with the agent as it was last seen, without a question to D1; and where that is refused for what the
 * agent is, once more with the agent in force, if that is another. Throws what `use` does, or why nothing can run.
 */
export async function withRunnableAgent<Outcome>(
  name: string,
  c: AppContext,
  use: (agent: Agent) => Promise<Outcome>,
): Promise<Outcome> {
  const registry = c.get("registry");
  let found = await registry.known(c.env.DB, name);
  for (let looks = 1; ; looks++) {
    try {
      return await use(runnableAgent(name, found));
    } catch (error) {
      if (!(error instanceof ProblemError) || !OF_THE_AGENT.has(error.problem.code)) throw error;
      const now = await registry.current(c.env.DB, name);
      const changed = now?.version !== found?.version || error.problem.code === "agent_changed";
      if (!changed || looks >= MAX_AGENT_LOOKS) throw error;
      found = now;
    }
  }
}

function runnableAgent(name: string, found: Found): Agent {
  const agent = presentAgent(name, found);
  if (agent.enabled) return agent;
  throw new ProblemError({ code: "agent_disabled", detail: `Agent "${name}" is disabled.` });
}

/** Throws `agent_not_found` or `agent_retired`. */
export function presentAgent(name: string, found: Found): Agent {
  if (isAgent(found)) return found;
  if (found === null) throw new ProblemError({ code: "agent_not_found", detail: `There is no agent named "${name}".` });
  const detail = `Agent "${name}" is retired. Its runs and versions are still there.`;
  throw new ProblemError({ code: "agent_retired", detail });
}
