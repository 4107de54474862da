import type * as z from "zod";
import type { HttpAgentUsage } from "../../contract/http-agent.ts";
import type { AgentContext } from "../define-agent.ts";

/** Reads a piece of JSON that the remote agent wrote; `what` names it. */
export function parse<Schema extends z.ZodType>(schema: Schema, text: string, what: string): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`the remote agent's ${what} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const reasons = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`);
  throw new Error(`the remote agent's ${what} is not as it should be: ${reasons.join("; ")}`);
}

export function addUsage(context: AgentContext, usage: HttpAgentUsage | undefined): void {
  const { input_tokens: inputTokens = 0, output_tokens: outputTokens = 0, cost_usd: costUsd = 0 } = usage ?? {};
  context.usage.add({ inputTokens, outputTokens, costUsd });
}
