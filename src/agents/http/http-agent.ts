import * as z from "zod";
import type { HttpConfig } from "../../contract/http-config.ts";
import type { AgentBehaviour } from "../define-agent.ts";
import { NonRetryableError } from "../errors.ts";

/** Has an HTTP endpoint do the work. */
export function httpAgent(config: HttpConfig): AgentBehaviour {
  return {
    input: z.record(z.string(), z.unknown()),
    output: z.unknown(),
    async execute() {
      throw new NonRetryableError(`nothing is sent to ${config.url} yet`);
    },
  };
}
