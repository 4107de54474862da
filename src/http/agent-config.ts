import * as z from "zod";
import { isAgent } from "../agents/registry.ts";
import { complaintsAbout } from "../agents/stored.ts";
import { AgentDetail, RetiredAnswer } from "../contract/agent.ts";
import { AgentConfig, AgentDefinition, AgentPatch } from "../contract/agent-definition.ts";
import { MAX_STORED_AGENTS } from "../contract/limits.ts";
import { AgentName, RESERVED_AGENT_NAMES } from "../contract/names.ts";
import type { FieldError } from "../contract/problems.ts";
import { mergePatch } from "../core/merge-patch.ts";
import { complaintAboutWarnUrl, readWebhookUrl } from "../webhooks/choose-webhook.ts";
import { agentDetail } from "./agent-view.ts";
import type { AppContext } from "./app-context.ts";
import { editAgent } from "./edit-agent.ts";
import { entityTag } from "./entity-tag.ts";
import { presentAgent } from "./find-agent.ts";
import { invalidFields, ProblemError } from "./problems.ts";
import { defineRoute, type Reply } from "./route.ts";

const pathParams = { schema: z.object({ name: AgentName }), absent: "agent_not_found" } as const;
const common = { path: "/api/agents/{name}", tag: "Agents", access: "admin", pathParams, conditional: true } as const;

const putAgent = defineRoute({
  ...common,
  method: "PUT",
  summary: "Create an agent, or replace one that is stored",
  description:
    "Of kind `http` or `llm`. Each change is a new version, in force for every run that begins after the answer. A retired name can be created anew. Agents that are built in cannot be replaced.",
  body: AgentDefinition,
  answer: AgentDetail,
  answerStatuses: [200, 201],
  problems: ["agent_built_in", "agent_changed", "too_many_agents", "coordinator_unavailable"],
  async handle({ path: { name }, body }, c) {
    refuseBuiltIn(name, "replaced", c);
    if (RESERVED_AGENT_NAMES.has(name)) throw invalidFields([{ field: "name", reason: "is reserved" }]);
    refuseUnusable([...webhookComplaints(body, c), ...(await complaintsAbout(body, c.env))]);
    let created = false;
    const made = await editAgent(name, c, async (found) => {
      created = !isAgent(found);
      if (found === null) await refuseTooMany(c);
      return { change: created ? "created" : "replaced", config: body };
    });
    const agent = presentAgent(name, made);
    const headers = { ETag: entityTag(agent.version), Location: `/api/agents/${name}` };
    return { status: created ? 201 : 200, body: await agentDetail(agent, c), headers };
  },
});

const patchAgent = defineRoute({
  ...common,
  method: "PATCH",
  summary: "Change the settings of an agent",
  description:
    "Of any agent, the built-in ones included. What is not named stays; null takes back what was set. A run keeps the limits that it was accepted under.",
  body: AgentPatch,
  answer: AgentDetail,
  problems: ["agent_not_found", "agent_retired", "agent_changed", "coordinator_unavailable"],
  async handle({ path: { name }, body }, c) {
    refuseUnusable(webhookComplaints(body, c));
    const made = await editAgent(name, c, (found) => {
      const stored = presentAgent(name, found).stored ?? { kind: "code" };
      return { change: "changed", config: AgentConfig.parse(mergePatch(stored, body)) };
    });
    const agent = presentAgent(name, made);
    return { body: await agentDetail(agent, c), headers: { ETag: entityTag(agent.version) } };
  },
});

const deleteAgent = defineRoute({
  ...common,
  method: "DELETE",
  summary: "Retire an agent",
  description:
    "New runs are refused from then on, those that wait for their turn fail at it, and those under way go on. Its runs and versions stay. Agents that are built in cannot be retired.",
  answer: RetiredAnswer,
  problems: ["agent_not_found", "agent_retired", "agent_built_in", "agent_changed", "coordinator_unavailable"],
  async handle({ path: { name } }, c): Promise<Reply<RetiredAnswer>> {
    refuseBuiltIn(name, "retired", c);
    const { version } = await editAgent(name, c, (found) => {
      presentAgent(name, found);
      return { change: "retired", config: null };
    });
    return { body: { name, version, retired: true } };
  },
});

export const agentConfigRoutes = [putAgent, patchAgent, deleteAgent];

function refuseBuiltIn(name: string, what: "replaced" | "retired", c: AppContext): void {
  if (!c.get("registry").code.has(name)) return;
  const detail = `Agent "${name}" is built in and cannot be ${what}. PATCH changes its settings.`;
  throw new ProblemError({ code: "agent_built_in", detail });
}

function refuseUnusable(complaints: readonly FieldError[]): void {
  if (complaints.length > 0) throw invalidFields(complaints);
}

function webhookComplaints(settings: AgentPatch, c: AppContext): FieldError[] {
  const url = settings.webhook_url ?? null;
  const read = url === null ? null : readWebhookUrl(url, c.env);
  const warning = complaintAboutWarnUrl(settings.budget?.warn_webhook_url, c.env);
  return [
    ...(typeof read === "string" ? [{ field: "webhook_url", reason: read }] : []),
    ...(warning === null ? [] : [{ field: "budget.warn_webhook_url", reason: warning }]),
  ];
}

async function refuseTooMany(c: AppContext): Promise<void> {
  if ((await c.get("registry").list(c.env.DB)).length < MAX_STORED_AGENTS) return;
  const detail = `There are ${MAX_STORED_AGENTS} agents already. Retire one that is not used.`;
  throw new ProblemError({ code: "too_many_agents", detail });
}
