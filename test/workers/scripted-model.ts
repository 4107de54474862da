import { vi } from "vitest";

/** A request as a provider gets it. */
export interface Asked {
  url: string;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the service sends
  body: any;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

/** Takes the place of every provider: answers each request as the next of these does. */
export function scriptedModel(...answers: Answer[]): Asked[] {
  const asked: Asked[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = {
      url: String(input instanceof Request ? input.url : input),
      headers: new Headers(init?.headers),
      body: init?.body === undefined ? null : JSON.parse(String(init.body)),
    };
    const answer = answers[asked.push(request) - 1];
    if (answer === undefined) throw new Error(`nobody expects request ${asked.length}, to ${request.url}`);
    return answer(request);
  });
  return asked;
}

export const streamed = (body: BodyInit) => new Response(body, { headers: { "Content-Type": "text/event-stream" } });

/** What a provider's stream consists of, in its own words. Each answer uses 20 tokens and makes 7. */
export interface WireFormat {
  provider: "openai_compatible" | "anthropic";
  model: string;
  begins(text: string): string;
  says(text: string): string;
  calls(tool: string, args: string): string;
  malformed: string;
  error(message: string): object;
}

const chunk = (delta: object, finish_reason: string | null = null, usage?: object) =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }], usage })}\n\n`;
const chunkEnd = (reason: string) =>
  `${chunk({}, reason, { prompt_tokens: 20, completion_tokens: 7, total_tokens: 27 })}data: [DONE]\n\n`;

const openai: WireFormat = {
  provider: "openai_compatible",
  model: "gpt-4.1-mini",
  begins: (text) => chunk({ role: "assistant", content: text }),
  says: (text) => chunk({ role: "assistant", content: text }) + chunkEnd("stop"),
  calls: (name, args) =>
    chunk({
      role: "assistant",
      tool_calls: [{ index: 0, id: "t1", type: "function", function: { name, arguments: args } }],
    }) + chunkEnd("tool_calls"),
  malformed: "data: {not json\n\n",
  error: (message) => ({ error: { message, type: "server_error", code: null } }),
};

const event = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
const message = event("message_start", {
  message: {
    id: "m1",
    type: "message",
    role: "assistant",
    model: "claude",
    content: [],
    stop_reason: null,
    usage: { input_tokens: 20, output_tokens: 1 },
  },
});
const block = (content_block: object, delta: object) =>
  event("content_block_start", { index: 0, content_block }) + event("content_block_delta", { index: 0, delta });
const textBlock = (text: string) => block({ type: "text", text: "" }, { type: "text_delta", text });
const messageEnd = (stop_reason: string) =>
  event("content_block_stop", { index: 0 }) +
  event("message_delta", { delta: { stop_reason }, usage: { output_tokens: 7 } }) +
  event("message_stop", {});

const anthropic: WireFormat = {
  provider: "anthropic",
  model: "claude-sonnet-4-20250514",
  begins: (text) => message + textBlock(text),
  says: (text) => message + textBlock(text) + messageEnd("end_turn"),
  calls: (name, args) =>
    message +
    block({ type: "tool_use", id: "t1", name, input: {} }, { type: "input_json_delta", partial_json: args }) +
    messageEnd("tool_use"),
  malformed: "event: content_block_delta\ndata: {not json\n\n",
  error: (text) => ({ type: "error", error: { type: "api_error", message: text } }),
};

export const WIRE_FORMATS: readonly WireFormat[] = [openai, anthropic];
