import { storage } from "./storage.ts";
import { TOKEN_COLUMNS, type TokenRecord } from "./tokens.ts";

export interface SessionRecord {
  /** Null: of the ADMIN_TOKEN that `adminProof` was made of. */
  token: TokenRecord | null;
  adminProof: string | null;
  expiresAtMs: number;
}

export interface SessionWrite {
  sessionHash: string;
  tokenId: number | null;
  adminProof: string | null;
  createdAtMs: number;
  expiresAtMs: number;
}

export const INSERT_SESSION = `
  INSERT INTO sessions (session_hash, token_id, admin_proof, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)`;

export const SELECT_SESSION = `
  SELECT sessions.admin_proof AS adminProof, sessions.expires_at AS sessionExpiresAtMs, ${TOKEN_COLUMNS}
    FROM sessions LEFT JOIN api_tokens ON api_tokens.id = sessions.token_id
   WHERE sessions.session_hash = ?1`;

export const DELETE_SESSION = "DELETE FROM sessions WHERE session_hash = ?1";

export const DELETE_ENDED_SESSIONS = "DELETE FROM sessions WHERE expires_at <= ?1";

/** Also deletes the sessions that have ended by then: so they never add up. */
export async function insertSession(db: D1Database, write: SessionWrite): Promise<void> {
  const { sessionHash, tokenId, adminProof, createdAtMs, expiresAtMs } = write;
  await storage("write a session", () =>
    db.batch([
      db.prepare(DELETE_ENDED_SESSIONS).bind(createdAtMs),
      db.prepare(INSERT_SESSION).bind(sessionHash, tokenId, adminProof, createdAtMs, expiresAtMs),
    ]),
  );
}

export async function readSession(db: D1Database, sessionHash: string): Promise<SessionRecord | null> {
  type Row = { adminProof: string | null; sessionExpiresAtMs: number } & (TokenRecord | { id: null });
  const row = await storage("read a session", () => db.prepare(SELECT_SESSION).bind(sessionHash).first<Row>());
  if (row === null) return null;
  const { adminProof, sessionExpiresAtMs, ...token } = row;
  return { token: token.id === null ? null : token, adminProof, expiresAtMs: sessionExpiresAtMs };
}

/** Safe to repeat. */
export async function deleteSession(db: D1Database, sessionHash: string): Promise<void> {
  await storage("delete a session", () => db.prepare(DELETE_SESSION).bind(sessionHash).run());
}
