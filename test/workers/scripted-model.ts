import { vi } from "vitest";

export const OPENAI = "https://models.example/v1/chat/completions";
export const ANTHROPIC = "https://api.anthropic.com/v1/messages";

export interface AskedModel {
  url: string;
  headers: Headers;
  body: Record<string, unknown>;
}

type Answer = Response | ((asked: AskedModel, signal: AbortSignal | undefined) => Response | Promise<Response>);

/** Model APIs that give these answers, one a call and in this order. `asked` is what they were sent. */
export function scriptedModels(...answers: Answer[]) {
  const asked: AskedModel[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const url = String(input instanceof Request ? input.url : input);
    const call = { url, headers: new Headers(init?.headers), body: JSON.parse(String(init?.body)) };
    const answer = answers[asked.length];
    asked.push(call);
    if (answer === undefined) throw new TypeError("Network connection lost.");
    return answer instanceof Response ? answer : answer(call, init?.signal ?? undefined);
  });
  return asked;
}

/** A body of these pieces; after the last one it ends, or breaks off, or never ends. */
export function sse(pieces: readonly string[], end: "close" | "cut" | "hang" = "close"): Response {
  const encoder = new TextEncoder();
  let next = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces[next++];
      if (piece !== undefined) controller.enqueue(encoder.encode(piece));
      else if (end === "close") controller.close();
      else if (end === "cut") controller.error(new TypeError("Network connection lost."));
      else return new Promise<void>(() => {});
      return undefined;
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
}

type Delta = Record<string, unknown>;

const chunk = (delta: Delta, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

export const openai = {
  text: (text: string) => chunk({ role: "assistant", content: text }),
  call: (name: string, json: string) => [
    chunk({
      role: "assistant",
      tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name, arguments: "" } }],
    }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: json } }] }),
  ],
  end: (reason: string, input = 100, output = 20) => [
    chunk({}, reason),
    `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m", choices: [], usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output } })}\n\n`,
    "data: [DONE]\n\n",
  ],
  says: (text: string) => sse([openai.text(text), ...openai.end("stop")]),
  calls: (name: string, json: string) => sse([...openai.call(name, json), ...openai.end("tool_calls")]),
};

const event = (data: Record<string, unknown>) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

export const anthropic = {
  start: (input_tokens: number) =>
    event({
      type: "message_start",
      message: {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: "claude-haiku-4-5",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens, output_tokens: 1 },
      },
    }),
  text: (text: string) => [
    event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }),
    event({ type: "content_block_stop", index: 0 }),
  ],
  call: (name: string, json: string) => [
    event({
      type: "content_block_start",
      index: 0,
      content_block: { type: "tool_use", id: "toolu_1", name, input: {} },
    }),
    event({ type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: json } }),
    event({ type: "content_block_stop", index: 0 }),
  ],
  end: (stop_reason: string, output_tokens: number) => [
    event({ type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage: { output_tokens } }),
    event({ type: "message_stop" }),
  ],
  overloaded: () => event({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }),
};
