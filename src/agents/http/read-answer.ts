import { nowMs } from "../../clock.ts";
import { HttpAgentAnswer } from "../../contract/http-agent.ts";
import { MAX_REMOTE_ANSWER_BYTES, MAX_REMOTE_REASON_CHARS } from "../../contract/limits.ts";
import { readRetryAfter } from "../../core/webhook-retry.ts";
import type { AgentContext } from "../define-agent.ts";
import { NonRetryableError, RetryAfterError } from "../errors.ts";
import { readEvents } from "./read-events.ts";
import { readText, TooLargeError } from "./read-text.ts";
import { addUsage, parse } from "./remote-json.ts";

/** `accepted`: the remote agent goes on, and will complete the run itself. */
export type RemoteAnswer = { kind: "output"; output: unknown } | { kind: "accepted" };

/** What of the 4xx is worth another try: it says that it is the moment that is wrong, and not the request. */
const RETRYABLE_4XX = new Set([408, 425, 429]);

/** Reads what a remote agent answers, within the limits. Throws what the run is to fail with. */
export async function readAnswer(response: Response, context: AgentContext): Promise<RemoteAnswer> {
  if (response.status === 202) {
    response.body?.cancel().catch(() => {}); // nobody reads it, and it would hold the connection
    return { kind: "accepted" };
  }
  if (!response.ok) throw await refusal(response);
  const mediaType = response.headers.get("Content-Type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (mediaType === "text/event-stream") return { kind: "output", output: await readEvents(response, context) };
  if (mediaType !== "application/json" && !mediaType.endsWith("+json")) {
    response.body?.cancel().catch(() => {});
    const what = mediaType === "" ? "something without a Content-Type" : mediaType;
    throw new Error(`the remote agent answered ${what}, which is neither JSON nor an event stream`);
  }
  const { output, usage } = parse(HttpAgentAnswer, await readText(response, MAX_REMOTE_ANSWER_BYTES), "answer");
  addUsage(context, usage);
  return { kind: "output", output };
}

/** 5xx and 429 may be tried again, after Retry-After where there is one; what else is refused would be again. */
async function refusal(response: Response): Promise<Error> {
  const { status } = response;
  const message = `the remote agent answered ${status}${await reasonOf(response)}`;
  if (status < 500 && !RETRYABLE_4XX.has(status)) return new NonRetryableError(message);
  const delayMs = readRetryAfter(response.headers.get("Retry-After"), nowMs());
  return delayMs === null ? new Error(message) : new RetryAfterError(delayMs, message);
}

/** The beginning of what it says, if that is text. */
async function reasonOf(response: Response): Promise<string> {
  try {
    const text = (await readText(response, MAX_REMOTE_ANSWER_BYTES)).trim();
    const reason = text.startsWith("{") ? shortReason(JSON.parse(text)) : null;
    const shown = (reason ?? text).replaceAll(/\s+/g, " ").slice(0, MAX_REMOTE_REASON_CHARS);
    return shown === "" ? "" : `: ${shown}`;
  } catch (error) {
    if (error instanceof TooLargeError || error instanceof SyntaxError) return "";
    throw error;
  }
}

/** RFC 9457, and what is common besides. */
function shortReason(body: Record<string, unknown>): string | null {
  const said = [body.detail, body.error, body.message].find((value) => typeof value === "string");
  return typeof said === "string" ? said : null;
}
