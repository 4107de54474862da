import { MAX_REDIRECTS } from "../../contract/limits.ts";
import { readUrl } from "../../net/read-url.ts";
import { NonRetryableError } from "../errors.ts";

const USER_AGENT = "AgentRuns/1.0";
/** Those that keep the method and the body (RFC 9110, section 15.4). */
const KEEPING = new Set([307, 308]);
const CHANGING = new Set([301, 302, 303]);

/**
 * Posts a run to a remote agent, over redirects that keep the POST; each address is asked about before it is called.
 * Answers once the headers are there. Throws what the run is to fail with.
 */
export async function sendRun(
  to: string,
  body: string,
  options: {
    headers: Record<string, string>;
    fetch: (url: string, init: RequestInit) => Promise<Response>;
    /** Why a URL must not be called, or null. */
    refuse: (url: URL) => string | null;
    signal: AbortSignal;
  },
): Promise<Response> {
  const headers = {
    ...options.headers,
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
    "User-Agent": USER_AGENT,
  };
  let url = readUrl(to);
  for (let redirects = 0; ; redirects++) {
    const refusal = url instanceof URL ? options.refuse(url) : url;
    if (!(url instanceof URL) || refusal !== null) {
      throw new NonRetryableError(`the remote agent's ${redirects === 0 ? "URL" : "redirect"} is refused: ${refusal}`);
    }
    const response = await post(url, { method: "POST", redirect: "manual", headers, body }, options);
    if (CHANGING.has(response.status)) {
      giveBack(response);
      throw new NonRetryableError(
        `the remote agent redirects with ${response.status}, which loses the POST: use 307 or 308`,
      );
    }
    if (!KEEPING.has(response.status)) return response;
    giveBack(response);
    if (redirects >= MAX_REDIRECTS) {
      throw new NonRetryableError(`the remote agent redirects more than ${MAX_REDIRECTS} times`);
    }
    const location = response.headers.get("Location");
    url = location === null ? "it has no Location" : readUrl(location, url);
  }
}

async function post(
  url: URL,
  init: RequestInit,
  { fetch, signal }: { fetch: (url: string, init: RequestInit) => Promise<Response>; signal: AbortSignal },
): Promise<Response> {
  try {
    return await fetch(url.href, { ...init, signal });
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(`the connection to the remote agent failed: ${cause}`);
  }
}

/** Frees the connection of an answer whose body nobody reads. */
function giveBack(response: Response): void {
  response.body?.cancel().catch(() => {});
}
