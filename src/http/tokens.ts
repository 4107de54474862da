import * as z from "zod";
import { nowMs } from "../clock.ts";
import { MAX_TOKENS } from "../contract/limits.ts";
import { ApiToken, CreatedToken, NewToken, TokenId, TokenPage, TokenQuery } from "../contract/token.ts";
import { randomSecret } from "../random.ts";
import { countTokens, insertToken, listTokens, readToken, revokeToken, type TokenRecord } from "../store/tokens.ts";
import { callerName } from "./access.ts";
import type { AppContext } from "./app-context.ts";
import { noteChange } from "./audited.ts";
import { forgetCredentials, hashOf, isInForce, TOKEN_PREFIX } from "./credentials.ts";
import { invalidFields, ProblemError } from "./problems.ts";
import { defineRoute } from "./route.ts";
import { instant, instantOrNull } from "./run-view.ts";

const common = { tag: "Access", access: "admin" } as const;

const getTokens = defineRoute({
  ...common,
  method: "GET",
  path: "/api/tokens",
  summary: "List the API tokens",
  description: "All that is known of them but themselves: of a token only its hash is stored.",
  query: TokenQuery,
  answer: TokenPage,
  problems: [],
  async handle({ query }, c) {
    return { body: await readTokenPage(query, nowMs(), c) };
  },
});

const createToken = defineRoute({
  ...common,
  method: "POST",
  path: "/api/tokens",
  summary: "Create an API token",
  description: "The answer is the only place where the token itself ever stands: keep it.",
  body: NewToken,
  answer: CreatedToken,
  answerStatuses: [201],
  problems: ["token_exists", "too_many_tokens"],
  async handle({ body }, c) {
    const createdAtMs = nowMs();
    const expiresAtMs = body.expires_at === null ? null : Date.parse(body.expires_at);
    if (expiresAtMs !== null && expiresAtMs <= createdAtMs) {
      throw invalidFields([{ field: "expires_at", reason: "must lie ahead" }]);
    }
    if ((await countTokens(c.env.DB)) >= MAX_TOKENS) {
      const detail = `There are ${MAX_TOKENS} tokens already. Revoke one that is not needed.`;
      throw new ProblemError({ code: "too_many_tokens", detail });
    }
    const token = TOKEN_PREFIX + randomSecret();
    const record = await insertToken(c.env.DB, {
      name: body.name,
      role: body.role,
      tokenHash: await hashOf(token),
      requestsPerMinute: body.requests_per_minute,
      createdBy: callerName(c),
      createdAtMs,
      expiresAtMs,
    });
    if (record === null) {
      const detail = `There is a token named "${body.name}". Revoke it first, or choose another name.`;
      throw new ProblemError({ code: "token_exists", detail });
    }
    const made = apiToken(record, createdAtMs);
    noteChange(c, { before: null, after: made });
    return { status: 201, body: { ...made, token }, headers: { "Cache-Control": "no-store" } };
  },
});

const deleteToken = defineRoute({
  ...common,
  method: "DELETE",
  path: "/api/tokens/{id}",
  summary: "Revoke an API token",
  description:
    "It opens nothing from then on, nor does any session that was signed in with it; within five seconds everywhere. Safe to repeat.",
  pathParams: { schema: z.object({ id: TokenId }), absent: "token_not_found" },
  answer: ApiToken,
  problems: ["token_not_found"],
  async handle({ path: { id } }, c) {
    const before = await readToken(c.env.DB, id);
    if (before === null) throw new ProblemError({ code: "token_not_found", detail: `There is no token ${id}.` });
    await revokeToken(c.env.DB, { id, revokedBy: callerName(c), revokedAtMs: nowMs() });
    forgetCredentials(c.env.DB);
    const record = await readToken(c.env.DB, id);
    if (record === null) throw new Error(`token ${id} was revoked and is not there`);
    const after = apiToken(record, nowMs());
    noteChange(c, { before: apiToken(before, nowMs()), after });
    return { body: after };
  },
});

export const tokenRoutes = [getTokens, createToken, deleteToken];

export async function readTokenPage(query: z.output<typeof TokenQuery>, atMs: number, c: AppContext) {
  const belowId = query.before ?? Number.MAX_SAFE_INTEGER;
  const records = await listTokens(c.env.DB, { belowId, limit: query.limit + 1 });
  const tokens = records.slice(0, query.limit).map((record) => apiToken(record, atMs));
  return { tokens, next_before: records.length > query.limit ? (tokens.at(-1)?.id ?? null) : null };
}

function apiToken(record: TokenRecord, atMs: number): ApiToken {
  const ended = record.revokedAtMs === null ? "expired" : "revoked";
  return {
    id: record.id,
    name: record.name,
    role: record.role,
    status: isInForce(record, atMs) ? "active" : ended,
    requests_per_minute: record.requestsPerMinute,
    created_by: record.createdBy,
    created_at: instant(record.createdAtMs),
    expires_at: instantOrNull(record.expiresAtMs),
    last_used_at: instantOrNull(record.lastUsedAtMs),
    revoked_by: record.revokedBy,
    revoked_at: instantOrNull(record.revokedAtMs),
  };
}
