import { createParser, type EventSourceMessage } from "eventsource-parser";
import { HttpAgentEvents } from "../../contract/http-agent.ts";
import { MAX_REMOTE_STREAM_BYTES } from "../../contract/limits.ts";
import type { AgentContext } from "../define-agent.ts";
import { NonRetryableError, RetryAfterError } from "../errors.ts";
import { textOf } from "./read-text.ts";
import { addUsage, parse } from "./remote-json.ts";

/**
 * Takes a remote agent's stream of events: its lines go to the run's log, its usage counts as it comes, also if the
 * stream fails later, and its `output` is the end. Throws what the run is to fail with.
 */
export async function readEvents(response: Response, context: AgentContext): Promise<unknown> {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  for await (const text of textOf(response, MAX_REMOTE_STREAM_BYTES)) {
    parser.feed(text);
    for (const event of events.splice(0)) {
      const end = take(event, context);
      if (end !== null) return end.output;
    }
  }
  throw new Error("the remote agent's stream ended without an output event");
}

/** What the event ends the run with, or null. */
function take(
  { event: name = "message", data }: EventSourceMessage,
  context: AgentContext,
): { output: unknown } | null {
  const what = `${name} event`;
  switch (name) {
    case "log": {
      const line = parse(HttpAgentEvents.log, data, what);
      context.log(line.message, line.data);
      return null;
    }
    case "progress": {
      const { message = "progress", ...rest } = parse(HttpAgentEvents.progress, data, what);
      context.log(message, rest);
      return null;
    }
    case "usage":
      addUsage(context, parse(HttpAgentEvents.usage, data, what));
      return null;
    case "output": {
      const { output, usage } = parse(HttpAgentEvents.output, data, what);
      addUsage(context, usage);
      return { output };
    }
    case "error": {
      const { message, retryable = true, retry_after_s } = parse(HttpAgentEvents.error, data, what);
      if (!retryable) throw new NonRetryableError(message);
      throw retry_after_s === undefined ? new Error(message) : new RetryAfterError(retry_after_s * 1_000, message);
    }
    default:
      return null;
  }
}
