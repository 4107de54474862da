import * as z from "zod";
import type { LlmConfig } from "../../contract/llm-config.ts";
import type { AgentBehaviour } from "../define-agent.ts";
import { NonRetryableError } from "../errors.ts";

/** Has a language model do the work. */
export function llmAgent(config: LlmConfig): AgentBehaviour {
  return {
    model: config.model,
    input: z.record(z.string(), z.unknown()),
    output: z.unknown(),
    async execute() {
      throw new NonRetryableError(`there is no model "${config.model}" here`);
    },
  };
}
