import * as z from "zod";
import type { LlmConfig } from "../../contract/llm-config.ts";
import type { FieldError } from "../../contract/problems.ts";
import { type Env, readConfig } from "../../env.ts";
import { readUrl } from "../../net/read-url.ts";
import type { AgentBehaviour, AgentContext } from "../define-agent.ts";
import { complaintsAboutSchema, jsonSchemaType } from "../json-schema.ts";
import { converse } from "./converse.ts";
import { loadLibraries } from "./load-libraries.ts";
import { llmAddressPolicy, openModel } from "./open-model.ts";

const Prompt = z.looseObject({ prompt: z.string().min(1).meta({ description: "What the model is asked." }) });

/** What a model answers where no output schema says otherwise. */
const Text = z.object({ text: z.string(), finish_reason: z.string() });

/** An agent that is a language model with instructions, and tools that it may use. */
export function llmAgent(config: LlmConfig): AgentBehaviour {
  return {
    model: config.model,
    role: config.role ?? null,
    tools: config.tools,
    childrenUsd: config.run_agents_usd,
    input: config.input_schema === undefined ? Prompt : jsonSchemaType(config.input_schema),
    output: config.output_schema === undefined ? Text : jsonSchemaType(config.output_schema),
    execute: (input, context) => runModel(config, input, context),
  };
}

/** Runs one attempt of a model. */
export async function runModel(config: LlmConfig, input: unknown, context: AgentContext): Promise<unknown> {
  const libraries = await loadLibraries();
  const { model, key } = openModel(config, context.env, libraries);
  if (key !== null) context.hide(key);
  const texts = { system: systemPrompt(config), prompt: promptOf(input) };
  const set = await context.setPriceOf(config.model);
  const prices = { ...readConfig(context.env).MODEL_PRICES, ...(set === null ? {} : { [config.model]: set }) };
  const { text, finishReason } = await converse({ config, ...texts, model, libraries, key, prices }, context);
  if (config.output_schema === undefined) return { text, finish_reason: finishReason };
  return parsed(text);
}

/** Why the service could not use it, field by field. */
export function complaintsAboutLlm(config: LlmConfig, env: Env): FieldError[] {
  const url = config.base_url === undefined ? null : readUrl(config.base_url);
  const refusal = url instanceof URL ? llmAddressPolicy(env)(url) : url;
  return [
    ...(refusal === null ? [] : [{ field: "llm.base_url", reason: refusal }]),
    ...complaintsAboutSchema(config.input_schema, "llm.input_schema"),
    ...complaintsAboutSchema(config.output_schema, "llm.output_schema"),
  ];
}

function systemPrompt({ system, role, goal, backstory, output_schema }: LlmConfig): string {
  const parts = [
    system,
    role === undefined ? undefined : `You are ${role}.`,
    backstory,
    goal === undefined ? undefined : `Your goal: ${goal}`,
    output_schema === undefined
      ? undefined
      : `Answer with JSON alone, without any text around it, that this JSON Schema allows:\n${JSON.stringify(output_schema)}`,
  ];
  return parts.filter((part) => part !== undefined).join("\n\n");
}

/** A prompt by itself as it is; beside other params, and any other params, as JSON. */
function promptOf(input: unknown): string {
  const alone = Prompt.strict().safeParse(input);
  return alone.success ? alone.data.prompt : JSON.stringify(input);
}

/** Models like to fence their JSON. */
function parsed(text: string): unknown {
  const bare = /^\s*```(?:json)?\s*([\s\S]*?)\s*```\s*$/.exec(text)?.[1] ?? text;
  try {
    return JSON.parse(bare);
  } catch {
    throw new Error(`The model was to answer JSON, and answered: ${text.slice(0, 300)}`);
  }
}
