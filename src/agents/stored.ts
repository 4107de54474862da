import type { AgentConfig, AgentDefinition } from "../contract/agent-definition.ts";
import { DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT_MS } from "../contract/limits.ts";
import type { FieldError } from "../contract/problems.ts";
import type { Env } from "../env.ts";
import { type Agent, type AgentBehaviour, defineAgent } from "./define-agent.ts";
import { complaintsAboutHttp, httpAgent } from "./http/http-agent.ts";
import { complaintsAboutLlm, llmAgent } from "./llm/llm-agent.ts";

/** The agent that a stored definition describes. */
export function agentOf(name: string, version: number, definition: AgentDefinition): Agent {
  const { kind } = definition;
  const { role = null, model = null, tools = [], ...behaviour } = behaviourOf(definition);
  const agent = defineAgent({
    ...behaviour,
    name,
    role,
    displayName: definition.display_name ?? name,
    description: definition.description,
    category: definition.category,
    tags: [],
    timeoutMs: DEFAULT_TIMEOUT_MS,
    concurrency: DEFAULT_CONCURRENCY,
  });
  return withSettings({ ...agent, framework: kind, model, tools }, version, definition);
}

/** The agent, but for what a version of it sets. */
export function withSettings(agent: Agent, version: number, settings: AgentConfig): Agent {
  const { concurrency = {}, retry = {} } = settings;
  return {
    ...agent,
    version,
    stored: settings,
    enabled: settings.enabled ?? agent.enabled,
    tags: settings.tags ?? agent.tags,
    timeoutMs: settings.timeout_ms ?? agent.timeoutMs,
    queueTtlMs: settings.queue_ttl_ms ?? agent.queueTtlMs,
    webhookUrl: settings.webhook_url ?? agent.webhookUrl,
    budget: settings.budget ?? agent.budget,
    concurrency: {
      limit: concurrency.limit ?? agent.concurrency.limit,
      whenFull: concurrency.when_full ?? agent.concurrency.whenFull,
      maxQueued: concurrency.max_queued ?? agent.concurrency.maxQueued,
    },
    retry: {
      maxAttempts: retry.max_attempts ?? agent.retry.maxAttempts,
      minDelayMs: retry.min_delay_ms ?? agent.retry.minDelayMs,
      maxDelayMs: retry.max_delay_ms ?? agent.retry.maxDelayMs,
      factor: retry.factor ?? agent.retry.factor,
      on: retry.on ?? agent.retry.on,
    },
  };
}

/** Why a definition that its schema takes cannot be one of this service, field by field. */
export async function complaintsAbout(definition: AgentDefinition, env: Env): Promise<FieldError[]> {
  switch (definition.kind) {
    case "http":
      return complaintsAboutHttp(definition.http, env);
    case "llm":
      return complaintsAboutLlm(definition.llm, env);
    default:
      return definition satisfies never;
  }
}

function behaviourOf(definition: AgentDefinition): AgentBehaviour {
  switch (definition.kind) {
    case "http":
      return httpAgent(definition.http);
    case "llm":
      return llmAgent(definition.llm);
    default:
      return definition satisfies never;
  }
}
