import type { AgentDefinition, AgentSettings } from "../contract/agent-definition.ts";
import { DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT_MS } from "../contract/limits.ts";
import { type Agent, type AgentBehaviour, defineAgent } from "./define-agent.ts";
import { httpAgent } from "./http/http-agent.ts";
import { llmAgent } from "./llm/llm-agent.ts";

/** The agent that a stored definition describes. */
export function agentOf(definition: AgentDefinition & { name: string; version: number }): Agent {
  const { name, kind, version } = definition;
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
  return withSettings({ ...agent, framework: kind, model, tools, version }, definition);
}

/** The agent, and what was set of it from outside. */
export function withSettings(agent: Agent, settings: AgentSettings): Agent {
  const { concurrency = {}, retry = {} } = settings;
  return {
    ...agent,
    enabled: settings.enabled ?? agent.enabled,
    tags: settings.tags ?? agent.tags,
    timeoutMs: settings.timeout_ms ?? agent.timeoutMs,
    queueTtlMs: settings.queue_ttl_ms ?? agent.queueTtlMs,
    webhookUrl: settings.webhook_url === undefined ? agent.webhookUrl : settings.webhook_url,
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
