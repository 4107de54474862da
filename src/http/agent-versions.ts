import * as z from "zod";
import type { AgentConfig } from "../contract/agent-definition.ts";
import { type AgentVersion, AgentVersionPage, AgentVersionQuery } from "../contract/agent-version.ts";
import { AgentName } from "../contract/names.ts";
import { fieldChanges } from "../core/field-changes.ts";
import { type AgentVersionRecord, listVersions } from "../store/agent-versions.ts";
import type { AppContext } from "./app-context.ts";
import { ProblemError } from "./problems.ts";
import { defineRoute } from "./route.ts";
import { instant } from "./run-view.ts";

const getVersions = defineRoute({
  method: "GET",
  path: "/api/agents/{name}/versions",
  tag: "Agents",
  summary: "Who changed what of an agent",
  description: "Also of a retired one. A built-in agent that was never changed has none.",
  access: "viewer",
  pathParams: { schema: z.object({ name: AgentName }), absent: "agent_not_found" },
  query: AgentVersionQuery,
  answer: AgentVersionPage,
  problems: ["agent_not_found"],
  handle: async ({ path: { name }, query }, c) => ({ body: await readAgentVersions(name, query, c) }),
});

export const agentVersionRoutes = [getVersions];

/** Newest first. Throws `agent_not_found` of a name that never was an agent's. */
export async function readAgentVersions(
  name: string,
  query: z.output<typeof AgentVersionQuery>,
  c: AppContext,
): Promise<z.input<typeof AgentVersionPage>> {
  const belowVersion = query.before ?? Number.MAX_SAFE_INTEGER;
  // One more than asked, for what the last one changed.
  const records = await listVersions(c.env.DB, { agentName: name, belowVersion, limit: query.limit + 1 });
  if (records.length === 0 && query.before === undefined && !c.get("registry").code.has(name)) throw absent(name);
  const versions = records.slice(0, query.limit).map((record, index) => agentVersion(record, records[index + 1]));
  const next = records.length > query.limit ? (versions.at(-1)?.version ?? null) : null;
  return { versions, next_before: next };
}

function agentVersion(record: AgentVersionRecord, before: AgentVersionRecord | undefined): AgentVersion {
  const { version, change, changedBy, changedAtMs, config } = record;
  return {
    version,
    change,
    changed_by: changedBy,
    changed_at: instant(changedAtMs),
    changes: config === null ? [] : fieldChanges(before?.config ?? unset(config), config),
    config,
  };
}

/** What the first version was made from. */
function unset(config: AgentConfig): object {
  return config.kind === "code" ? { kind: "code" } : {};
}

function absent(name: string): ProblemError {
  return new ProblemError({ code: "agent_not_found", detail: `There is no agent named "${name}".` });
}
