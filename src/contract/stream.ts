import * as z from "zod";
import { AgentStatus } from "./agent.ts";
import { RunStatus } from "./run.ts";

const Instant = z.iso.datetime();

/** A run of an agent was queued, started, ended, or is to be repeated. */
const AgentStatusEvent = z.object({
  agent_name: z.string(),
  status: AgentStatus.meta({ description: "Of the agent, by this change." }),
  run_id: z.int(),
  run_status: RunStatus,
  attempt: z.int(),
  message: z.string().meta({ description: "A sentence for a person.", example: "Run 17 completed." }),
  at: Instant,
});

/** A run that a job's schedule asked for has ended. */
const JobCompleteEvent = z.object({
  job_id: z.string(),
  job_name: z.string(),
  run_id: z.int(),
  status: RunStatus,
  duration_ms: z.int().nullable(),
  at: Instant,
});

/** So much of a budget is spent as somebody wanted to know of. */
const BudgetWarningEvent = z.object({
  agent: z.string().nullable().meta({ description: "Null: all agents together." }),
  period: z.enum(["day", "month"]),
  limit_usd: z.number().nullable(),
  spent_usd: z.number(),
  resets_at: Instant,
  at: Instant,
});

export const ChangedKind = z.enum(["agent", "job", "budget", "price", "memory"]);
export type ChangedKind = z.infer<typeof ChangedKind>;

/**
 * Somebody changed what the service goes by, or what an agent remembers; who it was is in the record of changes. Or the
 * scheduler changed jobs by itself: it paused them, or recorded slots that began no run.
 */
const ChangeEvent = z.object({
  kind: ChangedKind,
  subject: z.string().meta({
    description: "The path of what was changed; of several jobs at once, that of their list.",
    example: "/api/scheduler/jobs/report",
  }),
  action: z.string().meta({
    description: "Method and path of the route; `tick`: the scheduler.",
    example: "PATCH /api/scheduler/jobs/{id}",
  }),
  at: Instant,
});

/** What the service tells of itself. Nothing may rely on it: the history is the truth. */
export const StreamEvent = z
  .discriminatedUnion("event", [
    z.object({ event: z.literal("agent_status"), data: AgentStatusEvent }),
    z.object({ event: z.literal("job_complete"), data: JobCompleteEvent }),
    z.object({ event: z.literal("budget_warning"), data: BudgetWarningEvent }),
    z.object({ event: z.literal("change"), data: ChangeEvent }),
    z.object({ event: z.literal("heartbeat"), data: z.object({ at: Instant }) }),
    z.object({ event: z.literal("reset"), data: z.object({ reason: z.string() }) }),
  ])
  .meta({ id: "StreamEvent" });
export type StreamEvent = z.output<typeof StreamEvent>;

export const StreamQuery = z.strictObject({
  since: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: "First what was told since this instant, or `reset` if that is not remembered." }),
});
export type StreamQuery = z.output<typeof StreamQuery>;

/** What is published; the rest the stream makes itself. */
export type PublishedEvent = Extract<
  StreamEvent,
  { event: "agent_status" | "job_complete" | "budget_warning" | "change" }
>;
