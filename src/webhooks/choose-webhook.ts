import type { Agent } from "../agents/define-agent.ts";
import { MAX_WEBHOOK_URL_CHARS } from "../contract/limits.ts";
import type { FieldError, Problem } from "../contract/problems.ts";
import type { Env } from "../env.ts";
import { refuseAddress } from "../net/address-policy.ts";
import { readUrl } from "../net/read-url.ts";
import { signingKey } from "./signature.ts";

/** `errors`: what is wrong with the request itself. */
export type WebhookChoice = { ok: true; url: string | null } | { ok: false; problem: Problem; errors?: FieldError[] };

const NO_SECRET: Problem = {
  code: "webhook_not_configured",
  detail:
    "The run asks for a webhook, but this service has no WEBHOOK_SECRET to sign it with, or one that is not base64 after whsec_. Set one with: npx wrangler secret put WEBHOOK_SECRET, or in .dev.vars for a local start",
};

/**
 * Where a run's end is to be told: where its request says, or else where its agent does; a request that says null
 * wants none. Refused, before there is a run, where it could not be told.
 */
export function chooseWebhook(
  requested: string | null | undefined,
  agent: Pick<Agent, "name" | "webhookUrl">,
  env: Env,
): WebhookChoice {
  const text = requested === undefined ? agent.webhookUrl : requested;
  if (text === null) return { ok: true, url: null };
  const url = readWebhookUrl(text, env);
  if (typeof url === "string") return requested === undefined ? badAgent(agent.name, url) : badRequest(url);
  return signingKey(env.WEBHOOK_SECRET) === null ? { ok: false, problem: NO_SECRET } : { ok: true, url: url.href };
}

/** The URL as it is asked for, or why nothing may be sent there. */
export function readWebhookUrl(text: string, env: Env): URL | string {
  const url = readUrl(text);
  if (typeof url === "string") return url;
  if (url.href.length > MAX_WEBHOOK_URL_CHARS) return `must have at most ${MAX_WEBHOOK_URL_CHARS} characters`;
  return (env.WEBHOOK_ALLOW_PRIVATE === "true" ? null : refuseAddress(url)) ?? url;
}

/** Why a budget's warning could not be told there; null: it could. */
export function complaintAboutWarnUrl(text: string | null | undefined, env: Env): string | null {
  if (text === null || text === undefined) return null;
  const url = readWebhookUrl(text, env);
  if (typeof url === "string") return url;
  if (signingKey(env.WEBHOOK_SECRET) !== null) return null;
  return "needs the secret WEBHOOK_SECRET, which signs it. Set it with: npx wrangler secret put WEBHOOK_SECRET, or in .dev.vars for a local start";
}

function badAgent(name: string, reason: string): WebhookChoice {
  const detail = `The webhookUrl of agent "${name}" cannot be used: ${reason}`;
  return { ok: false, problem: { code: "webhook_not_configured", detail } };
}

function badRequest(reason: string): WebhookChoice {
  const problem: Problem = { code: "invalid_request", detail: `webhook_url: ${reason}` };
  return { ok: false, problem, errors: [{ field: "webhook_url", reason }] };
}
