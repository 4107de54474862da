import { HTTPException } from "hono/http-exception";
import type * as z from "zod";
import { RETRY_AFTER_S } from "../contract/limits.ts";
import { type FieldError, PROBLEM_STATUS, type Problem, type ProblemDocument } from "../contract/problems.ts";
import { describeError, log } from "../log.ts";
import { StorageError } from "../store/storage.ts";
import { answerJson } from "./answers.ts";
import type { AppContext } from "./app-context.ts";

/** The one way for a route to answer a problem: throw it. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;
  readonly errors: FieldError[] | undefined;
  readonly headers: Record<string, string>;

  constructor(problem: Problem, more: { errors?: FieldError[]; headers?: Record<string, string> } = {}) {
    super(problem.detail);
    this.problem = problem;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
  }
}

/** A 422 that names each field and what is wrong with it. */
export function invalid(
  code: "invalid_request" | "invalid_params",
  error: z.ZodError,
  prefix: readonly string[] = [],
): ProblemError {
  const errors = error.issues.map((issue) => ({
    field: [...prefix, ...issue.path.map(String)].join(".") || "body",
    reason: issue.message,
  }));
  return invalidFields(errors, code);
}

/** The same of what no schema says. */
export function invalidFields(
  errors: readonly FieldError[],
  code: "invalid_request" | "invalid_params" = "invalid_request",
): ProblemError {
  const detail = errors.map(({ field, reason }) => `${field}: ${reason}`).join("; ");
  return new ProblemError({ code, detail }, { errors: [...errors] });
}

/** Every answer that is not a success is made here, whoever noticed. */
export function answerError(error: unknown, c: AppContext): Response {
  if (error instanceof ProblemError) return answerProblem(c, error);
  if (error instanceof HTTPException) log.warn("http.exception", { error: describeError(error) });
  const problem = unexpected(error);
  log.error("request.failed", {
    request_id: c.get("requestId"),
    method: c.req.method,
    path: c.req.path,
    error: describeError(error),
  });
  return answerProblem(c, new ProblemError(problem));
}

/** What a caller may know of an error that no route foresaw: nothing, except whether to come back. */
function unexpected(error: unknown): Problem {
  if (error instanceof StorageError) {
    return {
      code: "storage_unavailable",
      detail: "The run history cannot be read just now.",
      retryAfterS: RETRY_AFTER_S,
    };
  }
  return { code: "internal_error", detail: "Something went wrong on our side. The log has it under this request_id." };
}

function answerProblem(c: AppContext, { problem, errors, headers }: ProblemError): Response {
  const status = PROBLEM_STATUS[problem.code];
  const document: ProblemDocument = {
    type: "about:blank",
    title: STATUS_PHRASE[status],
    status,
    code: problem.code,
    detail: problem.detail,
    error: problem.detail,
    request_id: c.get("requestId"),
    ...(errors === undefined ? {} : { errors }),
  };
  const retryAfter = problem.retryAfterS === undefined ? {} : { "Retry-After": String(problem.retryAfterS) };
  return answerJson(c, document, {
    status,
    mediaType: "application/problem+json",
    headers: { ...retryAfter, ...headers },
  });
}

/** RFC 9110, section 15. */
const STATUS_PHRASE: Record<(typeof PROBLEM_STATUS)[keyof typeof PROBLEM_STATUS], string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};
