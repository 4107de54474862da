import type * as z from "zod";
import { type AuditEntry, AuditPage, AuditQuery } from "../contract/audit.ts";
import { type AuditRecord, listAudit } from "../store/audit.ts";
import type { AppContext } from "./app-context.ts";
import { defineRoute } from "./route.ts";
import { instant } from "./run-view.ts";

const getAudit = defineRoute({
  method: "GET",
  path: "/api/audit",
  tag: "Access",
  summary: "Who changed what, and when",
  description:
    "Every change that an operator or an admin asked for, but the runs that were started: those are in the history. An entry is there before its change is made.",
  access: "admin",
  query: AuditQuery,
  answer: AuditPage,
  problems: [],
  async handle({ query }, c) {
    return { body: await readAuditPage(query, c) };
  },
});

export const auditRoutes = [getAudit];

export async function readAuditPage(query: z.output<typeof AuditQuery>, c: AppContext) {
  const belowId = query.before ?? Number.MAX_SAFE_INTEGER;
  const records = await listAudit(c.env.DB, { belowId, limit: query.limit + 1 });
  const entries = records.slice(0, query.limit).map(auditEntry);
  return { entries, next_before: records.length > query.limit ? (entries.at(-1)?.id ?? null) : null };
}

function auditEntry(record: AuditRecord): AuditEntry {
  const { id, atMs, caller, role, action, subject, requestId, status, beforeJson, afterJson } = record;
  return {
    id,
    at: instant(atMs),
    by: caller,
    role,
    action,
    subject,
    request_id: requestId,
    status,
    before: parsed(beforeJson),
    after: parsed(afterJson),
  };
}

function parsed(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}
