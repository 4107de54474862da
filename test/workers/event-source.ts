/** A block of a stream, as a client dispatches it (HTML Living Standard, section 9.2.6), or a comment. */
export interface Received {
  event: string;
  id: string | null;
  data: unknown;
}

/** Reads blocks until the stream ends, or until `enough`, and then hangs up. Comments are events named ":". */
export async function receive(
  response: Response,
  enough: (received: Received[]) => boolean = () => false,
): Promise<Received[]> {
  const received: Received[] = [];
  const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
    const blocks = text.split(/(?:\r\n|\r|\n){2}/);
    text = blocks.pop() ?? "";
    received.push(...blocks.map(parse));
    if (enough(received)) {
      await reader.cancel();
      return received;
    }
  }
  if (text !== "") throw new Error(`the stream ended within a block: ${text}`);
  return received;
}

function parse(block: string): Received {
  const received: Received = { event: "message", id: null, data: null };
  const data: string[] = [];
  for (const line of block.split(/\r\n|\r|\n/)) {
    const [, field = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === "event") received.event = value;
    if (field === "id") received.id = value;
    if (field === "data") data.push(value);
    if (field === "") received.event = ":";
  }
  if (data.length > 0) received.data = JSON.parse(data.join("\n"));
  return received;
}
