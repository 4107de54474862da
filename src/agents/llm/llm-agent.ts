import * as z from "zod";
import type { LlmConfig } from "../../contract/llm-config.ts";
import type { AgentBehaviour, AgentContext } from "../define-agent.ts";
import { jsonSchemaType } from "../json-schema.ts";
import { converse } from "./converse.ts";
import { modelKey } from "./keys.ts";
import { loadModel } from "./load-model.ts";
import { instructionsOf, promptOf } from "./prompt.ts";
import { toolsOf } from "./tools.ts";

/** Has a language model do the work. What it needs of the model's library is loaded when it is first run. */
export function llmAgent(config: LlmConfig): AgentBehaviour {
  return {
    role: config.role ?? null,
    model: config.model,
    tools: config.tools,
    input: config.input_schema === undefined ? z.record(z.string(), z.unknown()) : jsonSchemaType(config.input_schema),
    output: config.output_schema === undefined ? z.string() : jsonSchemaType(config.output_schema),
    execute: (input, context) => execute(config, input, context),
  };
}

async function execute(config: LlmConfig, params: unknown, context: AgentContext): Promise<unknown> {
  const key = modelKey(config, context.env);
  const model = await loadModel(config, { key, env: context.env });
  const price = await context.priceOf(config.model);
  if (price === null) context.log(`no price of the model "${config.model}" is known: its cost is recorded as 0`);
  const spent = { childrenUsd: 0 };
  const text = await converse(config, {
    model,
    price,
    spent,
    /** A server that answers with what it was sent must not get the key into the history. */
    hide: (said) => (key === null ? said : said.replaceAll(key, "(hidden)")),
    instructions: instructionsOf(config),
    prompt: promptOf(params),
    tools: toolsOf(config, context, spent),
    context,
  });
  return config.output_schema === undefined ? text : readJson(text);
}

/** Models like to fence what they were told to write bare. */
function readJson(text: string): unknown {
  const bare = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/.exec(text)?.[1] ?? text;
  try {
    return JSON.parse(bare);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the model was to answer JSON, and did not: ${reason}`);
  }
}
