import type { RunStatus } from "../contract/run.ts";
import type { RunPolicy } from "../contract/run-policy.ts";
import { agentStatus } from "../core/agent-status.ts";
import type { CoordinatorContext } from "./context.ts";

/** Tells those who watch of a run's new state. Call it once the state is in the history and in what is known. */
export function tellOfRun(
  context: CoordinatorContext,
  { runId, attempt, runStatus, message }: { runId: number; attempt: number; runStatus: RunStatus; message: string },
): void {
  const status = agentStatus({ enabled: true, live: context.knowledge.slotsInUse() > 0, lastStatus: runStatus });
  const run = { agent_name: context.agentName, status, run_id: runId, run_status: runStatus, attempt, message };
  context.tell({ event: "agent_status", data: { ...run, at: instant(context) } });
}

/** The same of the end of a run that a job's schedule asked for. */
export function tellOfJob(
  context: CoordinatorContext,
  job: NonNullable<RunPolicy["job"]>,
  { runId, status, durationMs }: { runId: number; status: RunStatus; durationMs: number | null },
): void {
  const run = { job_id: job.id, job_name: job.name, run_id: runId, status, duration_ms: durationMs };
  context.tell({ event: "job_complete", data: { ...run, at: instant(context) } });
}

function instant({ nowMs }: CoordinatorContext): string {
  return new Date(nowMs()).toISOString();
}
