import { nowMs } from "../../clock.ts";
import { MAX_REMOTE_REASON_CHARS } from "../../contract/limits.ts";
import { readRetryAfter } from "../../core/webhook-retry.ts";
import { NonRetryableError, RetryAfterError } from "../errors.ts";

/** What of the 4xx is worth another try: it says that it is the moment that is wrong, and not the request. */
const RETRYABLE_4XX = new Set([408, 409, 425, 429]);

/** What the run is to fail with: whether to try again, and when, follows from what the provider said. */
export function runErrorOf(error: unknown, hide: (said: string) => string): Error {
  if (error instanceof NonRetryableError) return error;
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof NonRetryableError) return cause;
  const { statusCode: status, responseHeaders } = httpPartOf(error);
  const message = hide(error instanceof Error ? error.message : textOf(error)).slice(0, MAX_REMOTE_REASON_CHARS);
  if (status === null) return new Error(`the model's answer broke off or could not be read: ${message}`);
  const said = `the model's API answered ${status}: ${message}`;
  const retryAfterMs = readRetryAfter(responseHeaders["retry-after"] ?? null, nowMs());
  if (status >= 400 && status < 500 && !RETRYABLE_4XX.has(status)) return new NonRetryableError(said);
  return retryAfterMs === null ? new Error(said) : new RetryAfterError(retryAfterMs, said);
}

/** By its fields and not by its class, which would be a reason to load the library that has it. */
function httpPartOf(error: unknown): { statusCode: number | null; responseHeaders: Record<string, string> } {
  const { statusCode, responseHeaders } = (error ?? {}) as { statusCode?: unknown; responseHeaders?: unknown };
  return {
    // A 2xx that cannot be read is no answer.
    statusCode: typeof statusCode === "number" && statusCode >= 400 ? statusCode : null,
    responseHeaders: (responseHeaders ?? {}) as Record<string, string>,
  };
}

function textOf(error: unknown): string {
  return typeof error === "string" ? error : JSON.stringify(error);
}
