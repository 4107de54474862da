import { type Found, isAgent } from "../agents/registry.ts";
import type { AgentConfig } from "../contract/agent-definition.ts";
import type { AgentChange } from "../contract/agent-version.ts";
import { MAX_AGENT_LOOKS } from "../contract/limits.ts";
import { callCoordinator } from "../coordinator/client.ts";
import { fieldChanges } from "../core/field-changes.ts";
import { randomKey } from "../random.ts";
import { callerName } from "./access.ts";
import type { AppContext } from "./app-context.ts";
import { noteChange } from "./audited.ts";
import { requireConditions } from "./entity-tag.ts";
import { ProblemError } from "./problems.ts";

/** What an agent is to become; a null config retires it. */
export interface Edit {
  change: AgentChange;
  config: AgentConfig | null;
}

/**
 * Makes the next version of an agent by way of its coordinator, from the one in force, if that is as the request's
 * conditions say. `edit` is asked again where another change came first. What would change nothing makes no version.
 */
export async function editAgent(
  name: string,
  c: AppContext,
  edit: (found: Found) => Edit | Promise<Edit>,
): Promise<Exclude<Found, null>> {
  const registry = c.get("registry");
  for (let looks = 1; looks <= MAX_AGENT_LOOKS; looks++) {
    const found = await registry.current(c.env.DB, name);
    requireConditions(c, isAgent(found) ? found.version : null);
    const { change, config } = await edit(found);
    if (isAgent(found) && fieldChanges(found.stored ?? { kind: "code" }, config).length === 0) return found;
    const request = {
      baseVersion: found?.version ?? 0,
      change,
      configJson: config === null ? null : JSON.stringify(config),
      changeKey: randomKey(),
      changedBy: callerName(c),
    };
    const outcome = await callCoordinator(c.env.COORDINATOR, name, (coordinator) => coordinator.configure(request));
    if (!outcome.ok) throw new ProblemError(outcome.problem);
    if (outcome.kind === "configured") {
      noteChange(c, { before: isAgent(found) ? (found.stored ?? null) : null, after: config });
      const made = await registry.ofVersion(c.env.DB, name, outcome.version);
      if (made === null) throw new Error(`version ${outcome.version} of agent "${name}" was made but is not there`);
      return made;
    }
  }
  const detail = `Agent "${name}" was changed ${MAX_AGENT_LOOKS} times by others while this was to change it.`;
  throw new ProblemError({ code: "agent_changed", detail, retryAfterS: 1 });
}
