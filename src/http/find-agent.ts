import type { Agent } from "../agents/define-agent.ts";
import type { AppContext } from "./app-context.ts";
import { ProblemError } from "./problems.ts";

export function findAgent(name: string, c: AppContext): Agent {
  const agent = c.get("registry").get(name);
  if (agent !== undefined) return agent;
  throw new ProblemError({ code: "agent_not_found", detail: `There is no agent named "${name}".` });
}

export function findRunnableAgent(name: string, c: AppContext): Agent {
  const agent = findAgent(name, c);
  if (agent.enabled) return agent;
  throw new ProblemError({ code: "agent_disabled", detail: `Agent "${name}" is disabled.` });
}
