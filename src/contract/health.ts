import * as z from "zod";

export const Health = z
  .object({
    status: z.enum(["ok", "degraded"]),
    version: z.string().optional(),
    database: z.enum(["ok", "unavailable"]).optional(),
    scheduler: z
      .object({
        last_tick_at: z.iso.datetime().nullable().meta({ description: "When the Cron Trigger last ran." }),
      })
      .optional(),
    agents: z.int().optional(),
  })
  .meta({
    id: "Health",
    description: "Without a valid token only `status`, and that says no more than that it is up.",
  });
export type Health = z.infer<typeof Health>;
