import * as z from "zod";
import { RETRYABLE_ENDS } from "./run-policy.ts";

const Instant = z.iso.datetime();
const Json = z.unknown().meta({ description: "Any JSON value." });
const AttemptEnd = z.enum([...RETRYABLE_ENDS, "completed", "cancelled"]);

const common = {
  seq: z.int().meta({ description: "Rises in the order in which a run's events were recorded." }),
  at: Instant,
  attempt: z.int(),
};

export const RunEvent = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("log"), ...common, message: z.string(), data: Json.optional() }),
    z
      .object({ type: z.literal("log_dropped"), ...common, count: z.int() })
      .meta({ description: "So many lines of the attempt's log were past its limit and were not kept." }),
    z
      .object({
        type: z.literal("attempt_ended"),
        ...common,
        started_at: Instant.optional(),
        end: AttemptEnd,
        error: z.string().nullable(),
        retry_at: Instant.optional().meta({ description: "When the next attempt may start, if there is one." }),
      })
      .meta({ description: "Only of runs that need more than one attempt." }),
    z
      .object({ type: z.literal("cancel_requested"), ...common })
      .meta({ description: "The running attempt is told to stop." }),
  ])
  .meta({ id: "RunEvent" });
export type RunEvent = z.infer<typeof RunEvent>;

/** What an executor tells of its attempt. */
export interface AttemptEvent {
  /** 1, 2, 3 … within the attempt: what is sent again is known by it. */
  n: number;
  atMs: number;
  type: "log" | "log_dropped";
  /** The rest of the event, as `RunEventData` has it, in JSON. */
  dataJson: string;
}

/** What `run_events.type` and `data` hold. */
export const RunEventData = z.discriminatedUnion("type", [
  z.object({ type: z.literal("log"), message: z.string(), data: z.unknown().optional() }),
  z.object({ type: z.literal("log_dropped"), count: z.int() }),
  z.object({
    type: z.literal("attempt_ended"),
    end: AttemptEnd,
    error: z.string().nullable(),
    retryAtMs: z.int().nullable(),
    /** Missing of an event that was recorded before it was known. */
    startedAtMs: z.int().optional(),
  }),
  z.object({ type: z.literal("cancel_requested") }),
]);
export type RunEventData = z.infer<typeof RunEventData>;

/** An event as its row has it. */
export interface RunEventRecord {
  seq: number;
  atMs: number;
  attempt: number;
  data: RunEventData;
}
