import * as z from "zod";
import { MAX_DIGEST_HOURS } from "../../contract/limits.ts";
import { RunStatus } from "../../contract/run.ts";

export const DigestInput = z.strictObject({
  hours: z.number().min(1).max(MAX_DIGEST_HOURS).default(24).meta({ description: "How far it looks back." }),
});

const Ranked = z.object({ run_id: z.int(), agent: z.string(), status: RunStatus, value: z.number() });

export const DigestOutput = z.object({
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  total_runs: z.int(),
  truncated: z.boolean().meta({ description: "There were more runs than are looked at: the newest are counted." }),
  by_status: z.partialRecord(RunStatus, z.int()),
  tokens: z.int(),
  cost_usd: z.number(),
  by_agent: z
    .array(
      z.object({
        agent: z.string(),
        runs: z.int(),
        unhappy: z.int().meta({ description: "Failed, timed out or interrupted." }),
        tokens: z.int(),
        cost_usd: z.number(),
        avg_duration_ms: z.int().nullable(),
      }),
    )
    .meta({ description: "Those with most runs first." }),
  failures: z
    .array(
      z.object({
        cause: z.string().meta({ description: "The error without what differs from run to run." }),
        status: RunStatus,
        runs: z.int(),
        agents: z.array(z.string()),
        latest_run_id: z.int(),
        latest_error: z.string(),
      }),
    )
    .meta({ description: "Grouped by cause, the most frequent first." }),
  slowest: z.array(Ranked).meta({ description: "`value` in milliseconds." }),
  dearest: z.array(Ranked).meta({ description: "`value` in dollars." }),
  changed_scans: z
    .array(
      z.object({
        target: z.string(),
        change: z.enum(["new", "changed", "down", "recovered"]),
        what: z.array(z.string()),
        down_since: z.iso.datetime().nullable(),
        run_id: z.int(),
      }),
    )
    .meta({ description: "The last change of each target that the scanner found in this time." }),
  summary: z.string().nullable().meta({ description: "What a model makes of it, if one is configured." }),
  summary_note: z.string().nullable().meta({ description: "Why there is none, although one is." }),
  markdown: z.string().meta({ description: "The same for a person." }),
});
export type DigestOutput = z.infer<typeof DigestOutput>;
export type Digest = Omit<DigestOutput, "markdown" | "summary" | "summary_note">;
