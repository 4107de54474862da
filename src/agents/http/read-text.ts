import { NonRetryableError } from "../errors.ts";

export class TooLargeError extends NonRetryableError {}

/** The body's pieces as text, as they come. Throws where there are more bytes than `maxBytes`, or where they are no UTF-8. */
export async function* textOf(response: Response, maxBytes: number): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  const reader = (response.body ?? new Response("").body)?.getReader();
  if (reader === undefined) return;
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      bytes += value?.length ?? 0;
      if (bytes > maxBytes) throw new TooLargeError(`the remote agent answered more than ${maxBytes} bytes`);
      yield decode(decoder, value, done);
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {}); // a body that has failed has nothing to give back
  }
}

/** The whole of it. */
export async function readText(response: Response, maxBytes: number): Promise<string> {
  let text = "";
  for await (const piece of textOf(response, maxBytes)) text += piece;
  return text;
}

function decode(decoder: TextDecoder, bytes: Uint8Array | undefined, done: boolean): string {
  try {
    return decoder.decode(bytes, { stream: !done });
  } catch {
    throw new Error("the remote agent's answer is not UTF-8");
  }
}
