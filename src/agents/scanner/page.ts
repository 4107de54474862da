import { decodeHTML } from "entities";
import { MAX_SCANNED_BYTES, MAX_TITLE_BYTES, MAX_TITLE_SEARCH_BYTES } from "../../contract/limits.ts";
import { oneLine } from "./one-line.ts";

export interface Page {
  /** As decoded by the runtime: a compressed body counts with its full size. */
  bytesRead: number;
  /** Of the bytes read, in hex. */
  sha256: string;
  /** Of an HTML page that has one. */
  title: string | null;
  /** `limit`: there was more than MAX_SCANNED_BYTES. `deadline`, `lost`: the rest did not come, or not in time. */
  end: "complete" | "limit" | "deadline" | "lost";
}

/** Reads at most MAX_SCANNED_BYTES of the body, gives the rest back unread, and keeps only the hash and the title. */
export async function readPage(response: Response, signal: AbortSignal): Promise<Page> {
  const digest = new crypto.DigestStream("SHA-256");
  const hash = digest.getWriter();
  const head: Uint8Array[] = [];
  let bytesRead = 0;
  const end = await drain(response.body, signal, async (chunk) => {
    if (bytesRead < MAX_TITLE_SEARCH_BYTES) head.push(chunk.slice(0, MAX_TITLE_SEARCH_BYTES - bytesRead));
    bytesRead += chunk.length;
    await hash.write(chunk);
  });
  await hash.close();
  return { bytesRead, sha256: toHex(await digest.digest), title: await titleOf(response, head), end };
}

async function drain(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
  take: (chunk: Uint8Array) => Promise<void>,
): Promise<Page["end"]> {
  if (body === null) return "complete";
  const reader = body.getReader();
  const aborted = new Promise<"deadline">((resolve) => {
    if (signal.aborted) resolve("deadline");
    signal.addEventListener("abort", () => resolve("deadline"), { once: true });
  });
  let room = MAX_SCANNED_BYTES;
  try {
    for (;;) {
      const next = await Promise.race([reader.read().catch(() => "lost" as const), aborted]);
      if (next === "lost" && signal.aborted) return "deadline"; // the abort may fail the read first
      if (next === "lost" || next === "deadline") return next;
      if (next.done) return "complete";
      await take(next.value.subarray(0, room));
      if (next.value.length > room) return "limit";
      room -= next.value.length;
    }
  } finally {
    reader.cancel().catch(() => {}); // a body that has failed has nothing to give back
  }
}

async function titleOf(response: Response, head: Uint8Array[]): Promise<string | null> {
  const contentType = response.headers.get("Content-Type") ?? "";
  if (!/^\s*(text\/html|application\/xhtml\+xml)\b/i.test(contentType)) return null;
  const texts: string[] = [];
  let titles = 0;
  const rewriter = new HTMLRewriter().on("title", {
    element() {
      titles++;
    },
    text({ text }) {
      if (titles === 1) texts.push(text); // a later one belongs to a drawing
    },
  });
  try {
    const page = new Response(new Blob(head), { headers: { "Content-Type": contentType } });
    await rewriter.transform(page).arrayBuffer();
  } catch {
    // HTMLRewriter gives up on a charset it does not know, and on markup too deep or ambiguous. What came before counts.
  }
  return oneLine(decodeHTML(texts.join("")), MAX_TITLE_BYTES) || null;
}

function toHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
