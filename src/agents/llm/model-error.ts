import { NonRetryableError, RetryAfterError } from "../errors.ts";
import type { Libraries } from "./load-libraries.ts";

/**
 * A provider's error as the run shall have it: whether to try again is by its status, and nothing of it holds the key.
 * 429 waits as it is told (Retry-After, RFC 9110, section 10.2.3); what the request is at fault for is never repeated.
 */
export function modelError(
  error: unknown,
  { key, nowMs, libraries }: { key: string | null; nowMs: number; libraries: Libraries },
): Error {
  if (!libraries.APICallError.isInstance(error))
    return error instanceof Error ? withoutKey(error, key) : new Error(String(error));
  const { statusCode, responseHeaders = {} } = error;
  const message = hidden(`The model's provider answered ${statusCode ?? "nothing"}: ${error.message}`, key);
  if (statusCode === undefined || statusCode >= 500 || statusCode === 408) return new Error(message);
  if (statusCode !== 429) return new NonRetryableError(message);
  const delayMs = retryAfterMs(responseHeaders["retry-after"], nowMs);
  return delayMs === null ? new Error(message) : new RetryAfterError(delayMs, message);
}

function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const seconds = Number(header);
  const delayMs = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(header) - nowMs;
  return Number.isFinite(delayMs) ? Math.max(0, delayMs) : null;
}

function withoutKey(error: Error, key: string | null): Error {
  if (key === null || !error.message.includes(key)) return error;
  return new Error(hidden(error.message, key));
}

function hidden(message: string, key: string | null): string {
  return key === null || key === "" ? message : message.replaceAll(key, "[key]");
}
