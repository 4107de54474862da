import { decodeHTML } from "entities";
import { nowMs } from "../../clock.ts";
import { MAX_FETCHED_BYTES, TARGET_DEADLINE_MS } from "../../contract/limits.ts";
import { refuseAddress } from "../../net/address-policy.ts";
import { readUrl } from "../../net/read-url.ts";
import type { AgentContext } from "../define-agent.ts";
import { fetchTarget } from "../scanner/fetch-target.ts";

/** The text of a page, by the scanner's rules: which addresses, how many redirects, how long. Throws why there is none. */
export async function fetchPage(
  text: string,
  { env, signal }: Pick<AgentContext, "env" | "signal">,
): Promise<{ url: string; status: number; text: string }> {
  const target = readUrl(text);
  if (!(target instanceof URL)) throw new Error(`the URL ${target}`);
  let last = "";
  const { ending } = await fetchTarget(target, {
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      last = await readStart(response);
      return new Response(null, response);
    },
    refuse: env.SCANNER_ALLOW_PRIVATE === "true" ? () => null : refuseAddress,
    signal,
    deadlineMs: TARGET_DEADLINE_MS,
    nowMs,
  });
  if (ending.kind !== "answered") throw new Error(ending.reason);
  const { url, status, headers } = ending.answer;
  const type = headers.get("Content-Type") ?? "";
  return { url: url.href, status, text: /html/i.test(type) ? textOfHtml(last) : last };
}

/** At most MAX_FETCHED_BYTES of it, as UTF-8. */
async function readStart(response: Response): Promise<string> {
  if (response.body === null) return "";
  const type = response.headers.get("Content-Type") ?? "text/plain";
  if (!/text\/|json|xml|javascript/i.test(type)) {
    response.body.cancel().catch(() => {});
    return `(not text: ${type})`;
  }
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    bytes += chunk.length;
    if (bytes >= MAX_FETCHED_BYTES) break; // leaving the loop cancels the body
  }
  return text;
}

/** What a reader sees of a page, roughly: this is for a model to read, and for nothing to render. */
function textOfHtml(html: string): string {
  const visible = html
    .replaceAll(/<!--[\s\S]*?-->/g, " ")
    .replaceAll(/<(script|style|noscript|svg|template)\b[\s\S]*?<\/\1\s*>/gi, " ")
    .replaceAll(/<[^>]*>/g, " ");
  return decodeHTML(visible).replaceAll(/\s+/g, " ").trim();
}
