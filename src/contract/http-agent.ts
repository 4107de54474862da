import * as z from "zod";
import { MAX_ERROR_CHARS, MAX_RETRY_DELAY_MS, MAX_RUN_COST_USD, MAX_RUN_TOKENS } from "./limits.ts";
import { RunStatus } from "./run.ts";

/** What a remote agent and the service say to each other. */
export const HttpAgentUsage = z
  .object({
    input_tokens: z.number().min(0).max(MAX_RUN_TOKENS).optional(),
    output_tokens: z.number().min(0).max(MAX_RUN_TOKENS).optional(),
    cost_usd: z.number().min(0).max(MAX_RUN_COST_USD).optional(),
  })
  .meta({ id: "HttpAgentUsage" });
export type HttpAgentUsage = z.output<typeof HttpAgentUsage>;

/** The body of each signed POST. */
export interface HttpAgentRequest {
  run_id: number;
  attempt: number;
  agent: string;
  params: unknown;
  /** ISO 8601. An answer that is not whole by then comes too late. */
  deadline: string;
  /** Where, with which Bearer token and until when an attempt that was answered 202 is to be completed. */
  completion: { url: string; token: string; deadline: string } | null;
}

/** Its answer: `application/json`, or the data of the `output` event of a stream. */
export const HttpAgentAnswer = z.object({
  output: z.custom((value) => value !== undefined, "is missing"),
  usage: HttpAgentUsage.optional(),
});

/** Events of a stream, by their names; others are passed over. */
export const HttpAgentEvents = {
  log: z.object({ message: z.string(), data: z.unknown().optional() }),
  progress: z.looseObject({ message: z.string().optional() }),
  usage: HttpAgentUsage,
  output: HttpAgentAnswer,
  error: z.object({
    message: z.string(),
    retryable: z.boolean().optional(),
    retry_after_s: z.number().min(0).optional(),
  }),
} as const;

const RetryAfterS = z
  .number()
  .min(0)
  .max(MAX_RETRY_DELAY_MS / 1_000);

/** How a remote agent ends an attempt that it took over. */
export const CompletionRequest = z
  .strictObject({
    output: z.unknown().optional().meta({ description: "Any JSON value: the run completes with it." }),
    error: z.string().min(1).max(MAX_ERROR_CHARS).optional().meta({ description: "The attempt fails with it." }),
    retryable: z.boolean().optional().meta({ description: "Of a failure: false if another attempt is of no use." }),
    retry_after_s: RetryAfterS.optional().meta({ description: "Of a failure: when the next attempt may follow." }),
    usage: HttpAgentUsage.optional(),
  })
  .refine(({ output, error }) => (output === undefined) !== (error === undefined), {
    message: "give either output or error",
  })
  .meta({ id: "CompletionRequest" });
export type CompletionRequest = z.output<typeof CompletionRequest>;

export const CompletionAnswer = z
  .object({
    run_id: z.int(),
    status: RunStatus.meta({ description: "`queued`: it failed, and another attempt will follow." }),
  })
  .meta({ id: "CompletionAnswer" });
export type CompletionAnswer = z.infer<typeof CompletionAnswer>;
