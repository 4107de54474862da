import type { Role } from "../contract/roles.ts";
import { storage } from "./storage.ts";

/** What is stored of a token: all but the token. */
export interface TokenRecord {
  id: number;
  name: string;
  role: Role;
  requestsPerMinute: number | null;
  createdBy: string;
  createdAtMs: number;
  expiresAtMs: number | null;
  lastUsedAtMs: number | null;
  revokedBy: string | null;
  revokedAtMs: number | null;
}

export interface TokenWrite {
  name: string;
  role: Role;
  tokenHash: string;
  requestsPerMinute: number | null;
  createdBy: string;
  createdAtMs: number;
  expiresAtMs: number | null;
}

export const TOKEN_COLUMNS = `
  api_tokens.id, api_tokens.name, api_tokens.role, api_tokens.requests_per_minute AS requestsPerMinute,
  api_tokens.created_by AS createdBy, api_tokens.created_at AS createdAtMs, api_tokens.expires_at AS expiresAtMs,
  api_tokens.last_used_at AS lastUsedAtMs, api_tokens.revoked_by AS revokedBy, api_tokens.revoked_at AS revokedAtMs`;

export const INSERT_TOKEN = `
  INSERT INTO api_tokens (name, role, token_hash, requests_per_minute, created_by, created_at, expires_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING
  RETURNING ${TOKEN_COLUMNS.replaceAll("api_tokens.", "")}`;

export const COUNT_TOKENS = "SELECT count(*) AS tokens FROM api_tokens WHERE revoked_at IS NULL";

export const SELECT_TOKEN_BY_HASH = `SELECT ${TOKEN_COLUMNS} FROM api_tokens WHERE token_hash = ?1`;

export const SELECT_TOKEN = `SELECT ${TOKEN_COLUMNS} FROM api_tokens WHERE id = ?1`;

export const SELECT_TOKENS = `SELECT ${TOKEN_COLUMNS} FROM api_tokens WHERE id < ?1 ORDER BY id DESC LIMIT ?2`;

export const REVOKE_TOKEN = `
  UPDATE api_tokens SET revoked_by = ?2, revoked_at = ?3 WHERE id = ?1 AND revoked_at IS NULL`;

export const RECORD_TOKEN_USE = `
  UPDATE api_tokens SET last_used_at = ?2 WHERE id = ?1 AND coalesce(last_used_at, 0) <= ?3`;

/** Answers the token as it is stored, or null if one of that name is in force. */
export async function insertToken(db: D1Database, write: TokenWrite): Promise<TokenRecord | null> {
  const { name, role, tokenHash, requestsPerMinute, createdBy, createdAtMs, expiresAtMs } = write;
  const statement = () =>
    db.prepare(INSERT_TOKEN).bind(name, role, tokenHash, requestsPerMinute, createdBy, createdAtMs, expiresAtMs);
  return storage("write a token", () => statement().first<TokenRecord>());
}

/** How many are not revoked. */
export async function countTokens(db: D1Database): Promise<number> {
  const count = await storage("count the tokens", () => db.prepare(COUNT_TOKENS).first<number>("tokens"));
  return count ?? 0;
}

export function readTokenByHash(db: D1Database, tokenHash: string): Promise<TokenRecord | null> {
  return storage("read a token", () => db.prepare(SELECT_TOKEN_BY_HASH).bind(tokenHash).first<TokenRecord>());
}

export function readToken(db: D1Database, id: number): Promise<TokenRecord | null> {
  return storage("read a token", () => db.prepare(SELECT_TOKEN).bind(id).first<TokenRecord>());
}

/** At most `limit` tokens below an id, newest first. */
export async function listTokens(
  db: D1Database,
  { belowId, limit }: { belowId: number; limit: number },
): Promise<TokenRecord[]> {
  const statement = () => db.prepare(SELECT_TOKENS).bind(belowId, limit);
  return (await storage("list the tokens", () => statement().all<TokenRecord>())).results;
}

/** Safe to repeat: a token that is revoked keeps who revoked it first, and when. */
export async function revokeToken(
  db: D1Database,
  { id, revokedBy, revokedAtMs }: { id: number; revokedBy: string; revokedAtMs: number },
): Promise<void> {
  await storage("revoke a token", () => db.prepare(REVOKE_TOKEN).bind(id, revokedBy, revokedAtMs).run());
}

/** Writes nothing where the use that is written is younger than `notSinceMs`. */
export async function recordTokenUse(
  db: D1Database,
  { id, usedAtMs, notSinceMs }: { id: number; usedAtMs: number; notSinceMs: number },
): Promise<void> {
  await storage("record a token's use", () => db.prepare(RECORD_TOKEN_USE).bind(id, usedAtMs, notSinceMs).run());
}
