import * as z from "zod";

/** What an `llm` agent is made of. */
export const LlmConfig = z.strictObject({
  model: z.string().min(1).max(200),
});
export type LlmConfig = z.output<typeof LlmConfig>;
