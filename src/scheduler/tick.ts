import { CLOCK_STOPPED_MS, FIRE_RETRY_MS, JOBS_PER_MESSAGE, MAX_TICK_JOBS } from "../contract/limits.ts";
import { sendJobsWake } from "../coordinator/wake.ts";
import { log } from "../log.ts";
import { readJobsToDo } from "../store/job-fires.ts";
import { type LastTicks, recordTick, type SchedulerClock } from "../store/scheduler-clocks.ts";
import type { SchedulerContext } from "./context.ts";
import { workOnJobs } from "./work-on-jobs.ts";

/**
 * Fires what is due. Either clock is enough, and both may tick at once, twice, or late. More jobs than one invocation
 * should take are passed on through the queue; answers how many. A message that is lost costs a minute: the jobs are
 * due still.
 */
export async function tick(context: SchedulerContext, clock: SchedulerClock): Promise<{ passedOn: number }> {
  const { env, nowMs } = context;
  const atMs = nowMs();
  watchOther(clock, await recordTick(env.DB, clock, atMs), atMs);
  const due = { atMs, promisedByMs: atMs - FIRE_RETRY_MS, limit: MAX_TICK_JOBS };
  const jobIds = await readJobsToDo(env.DB, due);
  const others = jobIds.slice(JOBS_PER_MESSAGE);
  for (let start = 0; start < others.length; start += JOBS_PER_MESSAGE) {
    await sendJobsWake(env.RUN_QUEUE, others.slice(start, start + JOBS_PER_MESSAGE));
  }
  if (others.length > 0) log.info("tick.passed_on", { clock, jobs: others.length });
  if (jobIds.length > 0) await workOnJobs(context, jobIds.slice(0, JOBS_PER_MESSAGE));
  return { passedOn: others.length };
}

/** A clock that has stopped cannot say so itself. Where both were silent, the service was off: that is no alert. */
function watchOther(clock: SchedulerClock, before: LastTicks, atMs: number): void {
  const other = clock === "cron" ? "ticker" : "cron";
  const [ownTickAtMs, lastTickAtMs] = [before[clock], before[other]];
  const wentOn = ownTickAtMs !== null && atMs - ownTickAtMs <= CLOCK_STOPPED_MS;
  if (!wentOn || lastTickAtMs === null || atMs - lastTickAtMs <= CLOCK_STOPPED_MS) return;
  log.error("alert.clock_stopped", { clock: other, silent_ms: atMs - lastTickAtMs, noticed_by: clock });
}
