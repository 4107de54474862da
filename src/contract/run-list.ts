import * as z from "zod";
import { DEFAULT_PAGE_RUNS, MAX_PAGE_RUNS } from "./limits.ts";
import { AgentName, JobId } from "./names.ts";
import { RunStatus, RunSummary, RunTrigger } from "./run.ts";

const Instant = z.iso.datetime();
const InstantFilter = z.iso.datetime({ offset: true });

export const RunListQuery = z.strictObject({
  agent: AgentName.optional(),
  status: RunStatus.optional(),
  job: JobId.optional(),
  trigger: RunTrigger.optional(),
  since: InstantFilter.optional().meta({ description: "Created at this instant or later." }),
  until: InstantFilter.optional().meta({ description: "Created before this instant." }),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_RUNS).default(DEFAULT_PAGE_RUNS),
  cursor: z.string().optional().meta({ description: "`next_cursor` of the page before." }),
});
export type RunListQuery = z.output<typeof RunListQuery>;

export const RunPage = z
  .object({
    runs: z.array(RunSummary).meta({ description: "Newest first." }),
    total: z.int().meta({ description: "How many runs this page holds." }),
    filters: z.object({
      agent: z.string().nullable(),
      status: RunStatus.nullable(),
      job: z.string().nullable(),
      trigger: RunTrigger.nullable(),
      since: Instant.nullable(),
      until: Instant.nullable(),
      limit: z.int(),
    }),
    next_cursor: z.string().nullable().meta({ description: "Null on the last page." }),
  })
  .meta({ id: "RunPage" });
export type RunPage = z.infer<typeof RunPage>;
