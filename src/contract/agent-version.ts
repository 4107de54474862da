import * as z from "zod";
import { AgentConfig } from "./agent-definition.ts";
import { DEFAULT_PAGE_VERSIONS, MAX_PAGE_VERSIONS } from "./limits.ts";

export const AgentChange = z.enum(["created", "replaced", "changed", "retired"]).meta({
  id: "AgentChange",
  description: "`replaced`: by PUT. `changed`: by PATCH. `created` may follow `retired`.",
});
export type AgentChange = z.infer<typeof AgentChange>;

const Json = z.unknown().meta({ description: "Any JSON value; left out where there was or is none." });

export const AgentVersion = z
  .object({
    version: z.int(),
    change: AgentChange,
    changed_by: z.string(),
    changed_at: z.iso.datetime(),
    changes: z
      .array(
        z.object({
          field: z.string().meta({ example: "retry.max_attempts" }),
          from: Json.optional(),
          to: Json.optional(),
        }),
      )
      .meta({ description: "What is not as in the version before." }),
    config: AgentConfig.nullable().meta({
      description:
        "What was stored of the agent; null where it was retired. Of an agent of the code: what is set of it.",
    }),
  })
  .meta({ id: "AgentVersion" });
export type AgentVersion = z.input<typeof AgentVersion>;

export const AgentVersionQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_VERSIONS).default(DEFAULT_PAGE_VERSIONS),
  before: z.coerce.number().int().min(1).optional().meta({ description: "Only versions below this one." }),
});

export const AgentVersionPage = z
  .object({
    versions: z.array(AgentVersion).meta({ description: "Newest first." }),
    next_before: z.int().nullable().meta({ description: "`before` for the next page; null: there is none." }),
  })
  .meta({ id: "AgentVersionPage" });
