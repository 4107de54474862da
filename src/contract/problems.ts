import * as z from "zod";

/** Every problem a caller can meet, and its HTTP status. A code does not exist until it stands here. */
export const PROBLEM_STATUS = {
  invalid_json: 400,
  invalid_idempotency_key: 400,
  invalid_request: 422,
  invalid_params: 422,
  idempotency_mismatch: 422,
  unauthorized: 401,
  forbidden_origin: 403,
  insufficient_role: 403,
  csrf_refused: 403,
  not_found: 404,
  agent_not_found: 404,
  run_not_found: 404,
  webhook_not_found: 404,
  price_not_found: 404,
  job_not_found: 404,
  token_not_found: 404,
  memory_not_found: 404,
  method_not_allowed: 405,
  agent_disabled: 409,
  agent_changed: 409,
  agent_built_in: 409,
  too_many_agents: 409,
  too_many_prices: 409,
  job_exists: 409,
  job_changed: 409,
  token_exists: 409,
  too_many_tokens: 409,
  completion_used: 409,
  run_ended: 409,
  run_not_ended: 409,
  webhook_not_configured: 409,
  webhook_pending: 409,
  agent_retired: 410,
  precondition_failed: 412,
  body_too_large: 413,
  unsupported_media_type: 415,
  agent_at_limit: 429,
  queue_full: 429,
  budget_exceeded: 429,
  rate_limited: 429,
  internal_error: 500,
  not_configured: 503,
  overloaded: 503,
  storage_unavailable: 503,
  coordinator_unavailable: 503,
  stream_unavailable: 503,
} as const satisfies Record<string, number>;

export type ProblemCode = keyof typeof PROBLEM_STATUS;

/** What went wrong, as a plain value: it crosses Durable Object calls, where an error's class is lost. */
export interface Problem {
  code: ProblemCode;
  /** A sentence for a person: what was expected and what came. Never a stack, SQL or a path. */
  detail: string;
  retryAfterS?: number;
}

/** `application/problem+json` (RFC 9457). With `type` about:blank, `title` is the status's own phrase (section 4.2.1). */
export const ProblemDocument = z
  .object({
    type: z.literal("about:blank"),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(PROBLEM_STATUS) as [ProblemCode, ...ProblemCode[]]),
    detail: z.string(),
    error: z.string().meta({ description: "Repeats `detail`, for callers of the system this replaces." }),
    request_id: z.string().meta({ description: "Names this request in the service's log." }),
    errors: z
      .array(
        z.object({
          field: z.string().meta({ example: "params.targets.0" }),
          reason: z.string(),
        }),
      )
      .optional()
      .meta({ description: "What is wrong with the request, field by field." }),
  })
  .meta({ id: "Problem" });

export type ProblemDocument = z.infer<typeof ProblemDocument>;
export type FieldError = NonNullable<ProblemDocument["errors"]>[number];
