import type { Now } from "../../clock.ts";
import { MAX_REDIRECTS } from "../../contract/limits.ts";
import { readUrl } from "../../net/read-url.ts";
import { type Page, readPage } from "./page.ts";
import { withoutCredentials } from "./targets.ts";

export interface FetchOptions {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Why a URL must not be fetched, or null. Asked before every request. */
  refuse: (url: URL) => string | null;
  /** The run's own: when it aborts, the scan rejects. */
  signal: AbortSignal;
  /** For everything that is done about this target. */
  deadlineMs: number;
  nowMs: Now;
}

export interface Redirect {
  url: string;
  status: number;
  /** As the site wrote it, but for credentials. */
  location: string | null;
}

export interface Answer {
  url: URL;
  status: number;
  headers: Headers;
  /** From sending the last request to its headers. */
  latencyMs: number;
  page: Page;
}

export type Ending =
  | { kind: "answered"; answer: Answer }
  | { kind: "refused" | "unreachable" | "timed_out" | "bad_redirect"; reason: string };

/** What came of one target. */
export interface Scan {
  target: URL;
  redirects: Redirect[];
  /** Every Set-Cookie line, also those of the redirects. */
  setCookies: string[];
  durationMs: number;
  ending: Ending;
}

const USER_AGENT = "AgentRuns-Scanner/1.0";
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

/**
 * What Cloudflare answers in a site's place when it cannot reach it: the deployed Worker's fetch then does not
 * throw. "Cloudflare 5XX errors" and "1XXX errors" (530), developers.cloudflare.com/support.
 */
const CLOUDFLARE_FAILURES: ReadonlyMap<number, string> = new Map([
  [520, "the site's answer was empty or broken"],
  [521, "the site refused the connection"],
  [522, "the connection timed out"],
  [523, "there is no route to the site"],
  [524, "the site took too long to answer"],
  [525, "the TLS handshake failed"],
  [526, "the TLS certificate is not valid"],
  [530, "the name does not resolve, or may not be reached"],
]);

/**
 * Fetches a target, follows its redirects, and reads the beginning of the page, all within `deadlineMs`. A site
 * that is down, slow or wrong is an ending, not an error. Rejects only when the run's own signal aborts.
 */
export async function fetchTarget(target: URL, options: FetchOptions): Promise<Scan> {
  const startedAtMs = options.nowMs();
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.deadlineMs)]);
  const trail: Trail = { target, redirects: [], setCookies: [] };
  const ending = await follow(trail, { ...options, signal });
  options.signal.throwIfAborted();
  return { ...trail, ending, durationMs: options.nowMs() - startedAtMs };
}

type Trail = Pick<Scan, "target" | "redirects" | "setCookies">;

/** Adds to the trail what it passes. */
async function follow(trail: Trail, options: FetchOptions): Promise<Ending> {
  const visited = new Set<string>();
  for (let url = trail.target; ; ) {
    const refusal = options.refuse(url);
    if (refusal !== null) return { kind: "refused", reason: refusal };
    if (visited.has(url.href)) return { kind: "bad_redirect", reason: `it redirects in a loop, back to ${url.href}` };
    if (visited.size > MAX_REDIRECTS) return { kind: "bad_redirect", reason: `more than ${MAX_REDIRECTS} redirects` };
    visited.add(url.href);

    const sentAtMs = options.nowMs();
    const response = await send(url, options);
    if (!(response instanceof Response)) return response;
    const latencyMs = options.nowMs() - sentAtMs;
    trail.setCookies.push(...response.headers.getSetCookie());
    if (!REDIRECT_STATUSES.has(response.status)) {
      const page = await readPage(response, options.signal);
      return { kind: "answered", answer: { url, status: response.status, headers: response.headers, latencyMs, page } };
    }
    giveBack(response);
    const location = response.headers.get("Location");
    const shown = location === null ? null : withoutCredentials(location);
    trail.redirects.push({ url: url.href, status: response.status, location: shown });
    if (location === null) return { kind: "bad_redirect", reason: "a redirect without a Location" };
    const next = readUrl(location, url);
    if (!(next instanceof URL)) return { kind: "bad_redirect", reason: `a Location that ${next}` };
    url = next;
  }
}

/** The answer's headers have come, or why there is no answer. */
async function send(url: URL, { fetch, signal }: FetchOptions): Promise<Response | Ending> {
  try {
    const response = await fetch(url.href, {
      redirect: "manual",
      cache: "no-store",
      headers: { "User-Agent": USER_AGENT, Accept: "text/html,*/*;q=0.8" },
      signal,
    });
    const failure = CLOUDFLARE_FAILURES.get(response.status);
    if (failure === undefined) return response;
    giveBack(response);
    return { kind: "unreachable", reason: `${failure} (${response.status} from Cloudflare)` };
  } catch (error) {
    if (signal.aborted) return { kind: "timed_out", reason: "no answer within the deadline" };
    const cause = error instanceof Error ? error.message : String(error);
    return { kind: "unreachable", reason: `no connection could be made (${cause})` };
  }
}

/** Frees the connection of an answer whose body nobody reads; a body that has failed has nothing to free. */
function giveBack(response: Response): void {
  response.body?.cancel().catch(() => {});
}
