import * as z from "zod";
import { MAX_BULK_RUNS } from "./limits.ts";
import { AgentName } from "./names.ts";
import { RunStatus } from "./run.ts";

/** Which runs a bulk operation is about: at least one condition, so that nothing is done to all by mistake. */
export const BulkRequest = z
  .strictObject({
    ids: z.array(z.int().positive()).min(1).max(MAX_BULK_RUNS).optional(),
    agent: AgentName.optional(),
    status: RunStatus.optional(),
    since: z.iso.datetime({ offset: true }).optional().meta({ description: "Created at this instant or later." }),
    until: z.iso.datetime({ offset: true }).optional().meta({ description: "Created before this instant." }),
    limit: z.int().min(1).max(MAX_BULK_RUNS).default(MAX_BULK_RUNS),
  })
  .refine(({ limit: _limit, ...conditions }) => Object.values(conditions).some((value) => value !== undefined), {
    message: "give at least one of ids, agent, status, since and until",
  })
  .refine(
    ({ ids, limit: _limit, ...others }) =>
      ids === undefined || Object.values(others).every((value) => value === undefined),
    {
      path: ["ids"],
      message: "give either ids or a filter, not both",
    },
  )
  .meta({ id: "BulkRequest" });
export type BulkRequest = z.output<typeof BulkRequest>;

export const BulkAnswer = z
  .object({
    matched: z.int().meta({ description: "Runs that the request was about, newest first." }),
    more: z.boolean().meta({ description: "Whether there are runs beyond `limit`: ask again." }),
    done: z.array(
      z.object({
        id: z.int(),
        run_id: z.int().optional().meta({ description: "The new run, of a replay." }),
        status: RunStatus.meta({ description: "As it is now: a running run that is cancelled goes on for seconds." }),
      }),
    ),
    refused: z.array(z.object({ id: z.int(), code: z.string(), reason: z.string() })),
  })
  .meta({ id: "BulkAnswer" });
export type BulkAnswer = z.infer<typeof BulkAnswer>;
