import type { LlmConfig } from "../../contract/llm-config.ts";

/** What the model is told of itself. */
export function instructionsOf(config: LlmConfig): string {
  const { role, goal, backstory, system_prompt, output_schema } = config;
  const described = [
    role === undefined ? null : `You are ${role}.`,
    backstory ?? null,
    goal === undefined ? null : `Your goal: ${goal}`,
  ];
  // Also in words: not every OpenAI-compatible server heeds response_format.
  const form =
    output_schema === undefined
      ? null
      : `Answer with JSON alone, without a fence, that fits this JSON Schema:\n${JSON.stringify(output_schema)}`;
  return [...(system_prompt === undefined ? described : [system_prompt]), form]
    .filter((part) => part !== null)
    .join("\n\n");
}

/** What the run asks of it: `prompt` where the params are that alone, and else all of them as JSON. */
export function promptOf(params: unknown): string {
  if (typeof params === "object" && params !== null) {
    const fields = Object.entries(params);
    if (fields.length === 0) return "Begin.";
    const [name, value] = fields[0] ?? [];
    if (fields.length === 1 && name === "prompt" && typeof value === "string" && value !== "") return value;
  }
  return JSON.stringify(params);
}
