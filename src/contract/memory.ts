import * as z from "zod";
import { DEFAULT_PAGE_MEMORY, MAX_MEMORY_KEY_CHARS, MAX_PAGE_MEMORY } from "./limits.ts";

export const MemoryKey = z
  .string()
  .min(1, "must not be empty")
  .max(MAX_MEMORY_KEY_CHARS, `must have at most ${MAX_MEMORY_KEY_CHARS} characters`)
  .refine((key) => key.isWellFormed() && !/\p{Cc}/u.test(key), "must be text without control characters")
  .meta({ example: "last-seen" });

export const MemoryListing = z
  .object({
    key: z.string(),
    version: z.int().meta({ description: "Rises with every change of the agent's memory." }),
    bytes: z.int().meta({ description: "Of the key and the value." }),
    updated_at: z.iso.datetime(),
    run_id: z.int().meta({ description: "The run that wrote it." }),
  })
  .meta({ id: "MemoryListing" });
export type MemoryListing = z.infer<typeof MemoryListing>;

export const MemoryEntry = MemoryListing.extend({
  value: z.unknown().meta({ description: "Any JSON value." }),
}).meta({ id: "MemoryEntry" });

const Text = z.string().max(MAX_MEMORY_KEY_CHARS).default("");

export const MemoryQuery = z.strictObject({
  prefix: Text.meta({ description: "Only keys that begin with it." }),
  after: Text.meta({ description: "Only keys that follow this one." }),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_MEMORY).default(DEFAULT_PAGE_MEMORY),
});

export const MemoryPage = z
  .object({
    entries: z.array(MemoryListing).meta({ description: "By key, without the values." }),
    next_after: z.string().nullable().meta({ description: "`after` for the next page; null: there is none." }),
  })
  .meta({ id: "MemoryPage" });

export const MemoryDeleted = z
  .object({ agent: z.string(), deleted: z.int().meta({ description: "How many keys were forgotten." }) })
  .meta({ id: "MemoryDeleted" });
