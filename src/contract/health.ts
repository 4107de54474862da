import * as z from "zod";

const SchedulerClock = z
  .object({
    last_tick_at: z.iso.datetime().nullable(),
    stopped: z.boolean().meta({ description: "It ticked once and has been silent for minutes." }),
  })
  .meta({ id: "SchedulerClock" });

export const Health = z
  .object({
    status: z.enum(["ok", "degraded"]),
    version: z.string().optional(),
    database: z.enum(["ok", "unavailable"]).optional(),
    scheduler: z
      .object({
        last_tick_at: z.iso.datetime().nullable().meta({ description: "When either clock last ticked." }),
        clocks: z.object({ cron: SchedulerClock, ticker: SchedulerClock }),
        due: z.int().meta({ description: "Jobs that are due and have not fired." }),
        lag_ms: z.int().meta({ description: "How long the first of them has been due." }),
        unbegun: z.int().meta({ description: "Fires whose run has not begun, or that wait for the run before them." }),
      })
      .optional(),
    agents: z.int().optional(),
  })
  .meta({
    id: "Health",
    description: "Without a valid token only `status`, and that says no more than that it is up.",
  });
export type Health = z.infer<typeof Health>;
