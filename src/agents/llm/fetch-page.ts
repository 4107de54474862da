import { decodeHTML } from "entities";
import {
  MAX_REDIRECTS,
  MAX_SCANNED_BYTES,
  MAX_TOOL_RESULT_CHARS,
  TOOL_FETCH_DEADLINE_MS,
} from "../../contract/limits.ts";
import { readUrl } from "../../net/read-url.ts";

export type FetchedPage = { url: string; status: number; text: string } | { error: string };

/**
 * A page's text, for a model to read. Every address on the way is asked about, redirects included, for a model fetches
 * what a page that it has read tells it to.
 */
export async function fetchPage(
  text: string,
  { refuse, signal }: { refuse(url: URL): string | null; signal: AbortSignal },
): Promise<FetchedPage> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(TOOL_FETCH_DEADLINE_MS)]);
  let url = readUrl(text);
  try {
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      if (!(url instanceof URL)) return { error: `the URL ${url}` };
      const refusal = refuse(url);
      if (refusal !== null) return { error: `refused: ${refusal}` };
      const response: Response = await fetch(url.href, { redirect: "manual", signal: within });
      const location = response.headers.get("Location");
      if (response.status < 300 || response.status >= 400 || location === null) {
        return { url: url.href, status: response.status, text: await readableText(response) };
      }
      await response.body?.cancel();
      url = readUrl(location, url);
    }
    return { error: `more than ${MAX_REDIRECTS} redirects` };
  } catch (error) {
    signal.throwIfAborted();
    return { error: within.aborted ? "no answer within the deadline" : `no connection (${String(error)})` };
  }
}

async function readableText(response: Response): Promise<string> {
  const html = new TextDecoder().decode(await firstBytes(response));
  const isHtml = response.headers.get("Content-Type")?.includes("html") ?? false;
  const text = isHtml ? decodeHTML(html.replace(NOT_READ, " ").replace(/<[^>]*>/g, " ")).replace(/\s+/g, " ") : html;
  return text.length <= MAX_TOOL_RESULT_CHARS ? text : `${text.slice(0, MAX_TOOL_RESULT_CHARS)} … (cut)`;
}

const NOT_READ = /<(script|style|noscript|template)\b[\s\S]*?<\/\1\s*>|<!--[\s\S]*?-->/gi;

async function firstBytes(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined && bytes < MAX_SCANNED_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    bytes += value.length;
  }
  reader?.cancel().catch(() => {}); // what is left of it nobody reads
  const whole = new Uint8Array(bytes);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
