import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const WORD_MS = 150;

const chunk = (more: object) =>
  `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", created: 1, model: "gpt-4.1-mini", choices: [], ...more })}\n\n`;
const says = (delta: object, finish_reason: string | null = null) =>
  chunk({ choices: [{ index: 0, delta, finish_reason }] });

/** A language model, as an OpenAI-compatible provider has it, that goes on saying the same until it is told to end. */
export async function startModel(): Promise<{ baseUrl: string; end(): void; close(): void }> {
  let ended = false;
  const server = createServer((_request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    const timer = setInterval(() => {
      if (!ended) return response.write(says({ role: "assistant", content: "Roses are red. " }));
      clearInterval(timer);
      const usage = { prompt_tokens: 1_000, completion_tokens: 500, total_tokens: 1_500 };
      return response.end(`${says({}, "stop")}${chunk({ usage })}data: [DONE]\n\n`);
    }, WORD_MS);
    response.on("close", () => clearInterval(timer));
  });
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    end() {
      ended = true;
    },
    close: () => server.close(),
  };
}
