import * as z from "zod";
import { AgentDetail, AgentList, AgentListQuery } from "../contract/agent.ts";
import { AgentName } from "../contract/names.ts";
import { RunAnswer, RunRequest } from "../contract/run.ts";
import { agentDetail, agentSummaries } from "./agent-view.ts";
import { entityTag } from "./entity-tag.ts";
import { findAgent, withRunnableAgent } from "./find-agent.ts";
import { defineRoute } from "./route.ts";
import { serveRun } from "./run-request.ts";

const pathParams = { schema: z.object({ name: AgentName }), absent: "agent_not_found" } as const;

const listAgents = defineRoute({
  method: "GET",
  path: "/api/agents",
  tag: "Agents",
  summary: "List the agents",
  access: "viewer",
  query: AgentListQuery,
  answer: AgentList,
  problems: [],
  async handle({ query }, c) {
    const agents = (await c.get("registry").list(c.env.DB)).filter(
      (agent) =>
        (query.category === undefined || agent.category === query.category) &&
        (query.enabled === undefined || agent.enabled === query.enabled),
    );
    const summaries = await agentSummaries(agents, c);
    return { body: { agents: summaries, total: summaries.length } };
  },
});

const getAgent = defineRoute({
  method: "GET",
  path: "/api/agents/{name}",
  tag: "Agents",
  summary: "Show an agent, its configuration and its newest runs",
  access: "viewer",
  pathParams,
  answer: AgentDetail,
  problems: ["agent_not_found", "agent_retired"],
  async handle({ path }, c) {
    const agent = await findAgent(path.name, c);
    return { body: await agentDetail(agent, c), headers: { ETag: entityTag(agent.version) } };
  },
});

const runAnAgent = defineRoute({
  method: "POST",
  path: "/api/agents/{name}/run",
  tag: "Agents",
  summary: "Run an agent",
  description:
    "Answers when the run has ended, with the run as the history has it. A run that failed is a 200 with `success: false`: the request was carried out, and `status` and `error` say how the run ended. With an `Idempotency-Key` header a repeated request joins the run of the first, and is answered with `Idempotency-Replayed: true`; a key belongs to one agent and lives as long as its run is stored.",
  access: "operator",
  audit: "none", // the history has it
  pathParams,
  body: RunRequest,
  answer: RunAnswer,
  answerStatuses: [200, 202],
  stream: {
    description:
      "`accepted` with the `run_id`; then the run's events as GET /api/agents/runs/{id}/events sends them, where a stream that breaks off can be gone on with; then `end`, whose data is the run's answer.",
  },
  problems: [
    "agent_not_found",
    "agent_retired",
    "agent_disabled",
    "agent_changed",
    "webhook_not_configured",
    "invalid_params",
    "invalid_idempotency_key",
    "idempotency_mismatch",
    "agent_at_limit",
    "queue_full",
    "budget_exceeded",
    "overloaded",
    "storage_unavailable",
    "coordinator_unavailable",
  ],
  async handle({ path, body }, c) {
    return withRunnableAgent(path.name, c, (agent) => serveRun(agent, body, c));
  },
});

export const agentRoutes = [listAgents, getAgent, runAnAgent];
