import type { SchedulerContext } from "./context.ts";

/**
 * Tells those who watch that the scheduler changed these jobs' records by itself. One event, however many jobs and
 * slots they are: a viewer only looks again. Call it once the history has it.
 */
export function tellOfJobs({ tell, nowMs }: SchedulerContext, jobIds: ReadonlySet<string>): void {
  const [only] = jobIds;
  if (only === undefined) return;
  const subject = jobIds.size === 1 ? `/api/scheduler/jobs/${only}` : "/api/scheduler/jobs";
  const at = new Date(nowMs()).toISOString();
  tell({ event: "change", data: { kind: "job", subject, action: "tick", at } });
}
