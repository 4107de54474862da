import * as z from "zod";

/** `waiting`: the run has not ended. `failed`: no more tries will be made. */
export const RunWebhook = z
  .object({
    url: z.string(),
    status: z.enum(["waiting", "pending", "delivered", "failed"]),
    attempts: z.int().meta({ description: "Tries made so far." }),
    last_status: z.int().nullable().meta({ description: "The HTTP status that the last try was answered with." }),
    last_error: z.string().nullable(),
    next_attempt_at: z.iso.datetime().nullable(),
  })
  .meta({ id: "RunWebhook" });
export type RunWebhook = z.infer<typeof RunWebhook>;
