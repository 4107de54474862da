import type { Role } from "../contract/roles.ts";
import { storage } from "./storage.ts";

/** A change that is about to be made. */
export interface AuditOpening {
  atMs: number;
  caller: string;
  role: Role;
  action: string;
  subject: string;
  requestId: string;
}

/** What became of it. */
export interface AuditOutcome {
  status: number | null;
  beforeJson: string | null;
  afterJson: string | null;
}

export interface AuditRecord extends AuditOpening, AuditOutcome {
  id: number;
}

export const INSERT_AUDIT = `
  INSERT INTO audit_log (at, caller, role, action, subject, request_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)`;

export const CLOSE_AUDIT = `
  UPDATE audit_log SET status = ?2, before = ?3, after = ?4 WHERE id = ?1 AND status IS NULL`;

export const SELECT_AUDIT = `
  SELECT id, at AS atMs, caller, role, action, subject, request_id AS requestId, status,
         before AS beforeJson, after AS afterJson
    FROM audit_log WHERE id < ?1 ORDER BY id DESC LIMIT ?2`;

/** Answers the entry's id. It is durable before the change is made. */
export async function openAudit(db: D1Database, opening: AuditOpening): Promise<number> {
  const { atMs, caller, role, action, subject, requestId } = opening;
  const statement = () => db.prepare(INSERT_AUDIT).bind(atMs, caller, role, action, subject, requestId);
  const { meta } = await storage("record a change", () => statement().run());
  return meta.last_row_id;
}

/** Once: what is recorded of an entry never changes. */
export async function closeAudit(db: D1Database, id: number, outcome: AuditOutcome): Promise<void> {
  const { status, beforeJson, afterJson } = outcome;
  const statement = () => db.prepare(CLOSE_AUDIT).bind(id, status, beforeJson, afterJson);
  await storage("record what became of a change", () => statement().run());
}

/** At most `limit` entries below an id, newest first. */
export async function listAudit(
  db: D1Database,
  { belowId, limit }: { belowId: number; limit: number },
): Promise<AuditRecord[]> {
  const statement = () => db.prepare(SELECT_AUDIT).bind(belowId, limit);
  return (await storage("list the changes", () => statement().all<AuditRecord>())).results;
}
