import { timingSafeEqual } from "hono/utils/buffer";
import { NonRetryableError } from "../agents/errors.ts";
import type { Env } from "../env.ts";
import { hmacBase64, signingKey } from "../webhooks/signature.ts";

/** An attempt that somebody outside may complete. */
export interface CompletableAttempt {
  runId: number;
  attempt: number;
  /** New for every attempt, and told to nobody: from the secret alone, which every remote agent has, no token follows. */
  leaseKey: string;
  startedAtMs: number;
}

const NO_SECRET =
  "this service has no HTTP_AGENT_SECRET, or one that is not base64 after whsec_. Set one with: npx wrangler secret put HTTP_AGENT_SECRET, or in .dev.vars for a local start";

/**
 * Where an attempt can be completed, and the token for it, or null where the service's own address is not known. The
 * token is stored nowhere: it follows from the secret and the attempt's lease key.
 */
export async function completionOf(
  { serviceOrigin, ...attempt }: CompletableAttempt & { serviceOrigin: string },
  env: Env,
): Promise<{ url: string; token: string } | null> {
  const key = signingKey(env.HTTP_AGENT_SECRET);
  if (key === null) throw new NonRetryableError(NO_SECRET);
  if (serviceOrigin === "") return null;
  const url = `${serviceOrigin}/api/agents/runs/${attempt.runId}/complete`;
  return { url, token: await tokenOf(attempt, key) };
}

/** What a token says of the attempt with this lease key, if it is that attempt's, and null else. */
export async function readCompletionToken(
  token: string,
  { runId, leaseKey }: Pick<CompletableAttempt, "runId" | "leaseKey">,
  env: Env,
): Promise<{ attempt: number; startedAtMs: number } | null> {
  const key = signingKey(env.HTTP_AGENT_SECRET);
  const parts = /^(\d{1,5})\.(\d{1,15})\.[\w-]{1,64}$/.exec(token);
  if (key === null || parts === null) return null;
  const claims = { attempt: Number(parts[1]), startedAtMs: Number(parts[2]) };
  return (await timingSafeEqual(token, await tokenOf({ runId, leaseKey, ...claims }, key))) ? claims : null;
}

async function tokenOf({ runId, attempt, leaseKey, startedAtMs }: CompletableAttempt, key: Uint8Array) {
  const mac = await hmacBase64(key, `complete.${runId}.${attempt}.${startedAtMs}.${leaseKey}`);
  return `${attempt}.${startedAtMs}.${mac.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}
