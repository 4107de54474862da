import * as z from "zod";
import { DEFAULT_PAGE_TOKENS, MAX_PAGE_TOKENS, MAX_REQUESTS_PER_MINUTE, MAX_TOKEN_NAME_CHARS } from "./limits.ts";
import { Role } from "./roles.ts";

/** Names that the record of a change gives to callers without a token of that name. */
const RESERVED_TOKEN_NAMES: ReadonlySet<string> = new Set(["admin", "local"]);

export const TokenName = z
  .string()
  .regex(
    new RegExp(`^[A-Za-z0-9][A-Za-z0-9 ._-]{0,${MAX_TOKEN_NAME_CHARS - 1}}$`),
    `must start with a letter or digit, go on with those, spaces, ".", "_" or "-", and have at most ${MAX_TOKEN_NAME_CHARS} characters`,
  )
  .refine((name) => !RESERVED_TOKEN_NAMES.has(name.toLowerCase()), "is reserved")
  .meta({ description: "Who uses it: the record of a change names it.", example: "ci" });

const RequestsPerMinute = z.int().min(1).max(MAX_REQUESTS_PER_MINUTE).meta({
  description: "How many requests it may make in a minute; null: as many as the service allows any.",
});

export const NewToken = z.strictObject({
  name: TokenName,
  role: Role,
  expires_at: z.iso.datetime({ offset: true }).nullable().default(null).meta({
    description: "It opens nothing from then on. Null: it stays until it is revoked.",
    example: "2027-12-31T00:00:00Z",
  }),
  requests_per_minute: RequestsPerMinute.nullable().default(null),
});

export const ApiToken = z
  .object({
    id: z.int(),
    name: z.string(),
    role: Role,
    status: z.enum(["active", "expired", "revoked"]),
    requests_per_minute: RequestsPerMinute.nullable(),
    created_by: z.string(),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().nullable(),
    last_used_at: z.iso.datetime().nullable().meta({ description: "To the hour." }),
    revoked_by: z.string().nullable(),
    revoked_at: z.iso.datetime().nullable(),
  })
  .meta({ id: "ApiToken" });
export type ApiToken = z.input<typeof ApiToken>;

export const CreatedToken = ApiToken.extend({
  token: z.string().meta({ description: "The token itself. It is shown here and never again.", example: "ar_…" }),
}).meta({ id: "CreatedToken" });

export const TokenId = z.coerce.number().int().positive().meta({ example: 3 });

export const TokenQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_TOKENS).default(DEFAULT_PAGE_TOKENS),
  before: z.coerce.number().int().min(1).optional().meta({ description: "Only tokens whose id is below this one." }),
});

export const TokenPage = z
  .object({
    tokens: z.array(ApiToken).meta({ description: "Newest first, those that are expired or revoked included." }),
    next_before: z.int().nullable().meta({ description: "`before` for the next page; null: there is none." }),
  })
  .meta({ id: "TokenPage" });
