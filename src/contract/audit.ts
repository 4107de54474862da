import * as z from "zod";
import { DEFAULT_PAGE_AUDIT, MAX_PAGE_AUDIT } from "./limits.ts";
import { Role } from "./roles.ts";

const Json = z.unknown().meta({
  description:
    "Any JSON value, without secrets; null where there is none. Of one that is too long: its beginning, as `cut`.",
});

export const AuditEntry = z
  .object({
    id: z.int(),
    at: z.iso.datetime(),
    by: z.string().meta({ description: "The name of the token, or `admin`, `local`, or an address of e-mail." }),
    role: Role,
    action: z.string().meta({ example: "PATCH /api/agents/{name}" }),
    subject: z.string().meta({ example: "/api/agents/echo" }),
    request_id: z.string(),
    status: z.int().nullable().meta({
      description:
        "How it was answered. From 400 on it was refused. Null: it is under way, or broke off and may have been made.",
    }),
    before: Json,
    after: Json,
  })
  .meta({ id: "AuditEntry" });
export type AuditEntry = z.input<typeof AuditEntry>;

export const AuditQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_AUDIT).default(DEFAULT_PAGE_AUDIT),
  before: z.coerce.number().int().min(1).optional().meta({ description: "Only entries whose id is below this one." }),
});

export const AuditPage = z
  .object({
    entries: z.array(AuditEntry).meta({ description: "Newest first." }),
    next_before: z.int().nullable().meta({ description: "`before` for the next page; null: there is none." }),
  })
  .meta({ id: "AuditPage" });
