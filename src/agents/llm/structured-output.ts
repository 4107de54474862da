import type { LlmConfig } from "../../contract/llm-config.ts";
import type { Libraries } from "./load-libraries.ts";

type Schema = Record<string, unknown>;

/**
 * What asks the provider itself to hold the answer to the output schema, as far as it can be asked: its API then has
 * the schema beside the instructions, which always have it too. Workers AI's own takes no tools and does not stream.
 */
export function outputOf(
  { provider, output_schema: schema, structured_output }: LlmConfig,
  { Output, jsonSchema }: Libraries,
) {
  if (schema === undefined || schema.type !== "object") return null;
  if (structured_output === "prompt" || provider === "workers_ai") return null;
  return {
    output: Output.object({ schema: jsonSchema(schema) }),
    providerOptions: { openai_compatible: { strictJsonSchema: isStrict(schema) } },
  };
}

/**
 * Whether a provider may be held to the schema to the letter: OpenAI refuses one with "strict" where an object has a
 * property that may be left out, or others than it names (Structured outputs, "Supported schemas").
 */
export function isStrict(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrict);
  if (typeof schema !== "object" || schema === null) return true;
  const { type, properties, required, additionalProperties } = schema as Schema;
  if (type === "object" || properties !== undefined) {
    const names = Object.keys(properties ?? {});
    const all = Array.isArray(required) && names.every((name) => required.includes(name));
    if (additionalProperties !== false || !all) return false;
  }
  return Object.values(schema).every(isStrict);
}

/** Whether a provider may have refused a request because of what `outputOf` added to it: many know no such thing. */
export function mayRefuseSchema(error: unknown, { APICallError }: Libraries): boolean {
  return APICallError.isInstance(error) && (error.statusCode === 400 || error.statusCode === 422);
}
