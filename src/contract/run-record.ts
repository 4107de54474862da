import * as z from "zod";
import { RunStatus, RunTrigger } from "./run.ts";

/**
 * A run as its row has it: column names, epoch milliseconds, millionths of a dollar, JSON as text.
 * This is what crosses between store, coordinator and executor; the HTTP border has its own shapes.
 */
export const RunRecord = z.object({
  id: z.int(),
  agent_name: z.string(),
  framework: z.string(),
  agent_version: z.int(),
  status: RunStatus,
  trigger: RunTrigger,
  replay_of: z.int().nullable(),
  job_id: z.string().nullable(),
  nominal_at: z.int().nullable(),
  attempt: z.int(),
  priority: z.int(),
  /** Of a queued run. */
  available_at: z.int().nullable(),
  input_data: z.string(),
  output_data: z.string().nullable(),
  output_truncated: z.literal([0, 1]),
  tokens_input: z.int(),
  tokens_output: z.int(),
  cost_microusd: z.int(),
  duration_ms: z.int().nullable(),
  error: z.string().nullable(),
  created_at: z.int(),
  started_at: z.int().nullable(),
  completed_at: z.int().nullable(),
});
export type RunRecord = z.infer<typeof RunRecord>;

/** A run with what each model used in each of its attempts, as JSON; null: no model was named. */
export const StoredRun = RunRecord.extend({ model_usage: z.string().nullable() });
export type StoredRun = z.infer<typeof StoredRun>;

/** One item of it. */
export const ModelUsed = z.object({
  model: z.string(),
  tokensInput: z.int(),
  tokensOutput: z.int(),
  costMicrousd: z.int().nullable(),
});
export type ModelUsed = z.infer<typeof ModelUsed>;

/** A run in a list: without its input, and its output only if that is small. */
export const RunListRecord = RunRecord.omit({ input_data: true });
export type RunListRecord = z.infer<typeof RunListRecord>;

/** The least that tells how a run went: enough to count, group and rank by, at a page of a thousand. */
export const RunOutline = RunRecord.pick({
  id: true,
  agent_name: true,
  status: true,
  trigger: true,
  attempt: true,
  tokens_input: true,
  tokens_output: true,
  cost_microusd: true,
  duration_ms: true,
  error: true,
  created_at: true,
  completed_at: true,
});
export type RunOutline = z.infer<typeof RunOutline>;
