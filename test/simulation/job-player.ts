import type { SchedulerClock } from "../../src/store/scheduler-clocks.ts";
import type { Chance } from "./chance.ts";
import { type JobAction, type JobSwarm, jobCallOf } from "./job-swarm.ts";
import { MINUTE_MS, type Stage } from "./stage.ts";

const CLOCKS = ["cron", "ticker"] as const satisfies SchedulerClock[];
/** Jobs are brought to their end so long after the faults. */
const LAST_SLOTS_MS = 3 * MINUTE_MS;
const MAX_FINISH_TRIES = 20;

/** Does what the seed says to jobs. With a chance of its own: a play without jobs is the same with and without this. */
export function createJobPlayer(swarm: JobSwarm, chance: Chance, stage: Stage) {
  const { between, pick, weighted } = chance;
  const { jobs } = swarm;

  function begin(): void {
    for (const job of jobs) ask("create", job);
  }

  async function step(): Promise<void> {
    if (jobs.length === 0) return;
    for (let n = between(0, swarm.most); n > 0; n--) await act(weighted(swarm.weights));
  }

  async function act(action: JobAction): Promise<void> {
    switch (action) {
      case "tick":
        tick();
        break;
      case "message":
        for (let n = between(1, 2); n > 0; n--) stage.world.wakeForJobs(jobs.map(({ id }) => id));
        break;
      case "pass":
        await stage.time.advance(between(0, 2 * swarm.everyMs));
        tick();
        break;
      default:
        ask(action, pick(jobs));
    }
  }

  function tick(): void {
    for (let n = between(1, 3); n > 0; n--) void stage.world.tick(pick(CLOCKS));
  }

  function ask(action: Exclude<JobAction, "tick" | "message" | "pass">, job: JobSwarm["jobs"][number]): void {
    void stage.callForJob(jobCallOf(action, job, stage.time.wallMs(), chance));
  }

  /** With the faults off: every job that there is has a last slot. */
  async function finish(): Promise<void> {
    if (jobs.length > 0) await stage.time.advance(MINUTE_MS); // what was asked is answered
    for (const { id, next_at, definition } of stage.jobs()) {
      if (next_at === null || JSON.parse(definition).trigger.type === "date") continue;
      const body = { end_at: new Date(stage.time.wallMs() + LAST_SLOTS_MS).toISOString() };
      for (let tries = 1; ; tries++) {
        const asked = stage.callForJob({ action: "patch", jobId: id, body });
        await stage.time.advance(1_000);
        const answer = await asked;
        if (answer?.kind === "done" || answer?.code === "job_not_found") break;
        if (tries === MAX_FINISH_TRIES) return stage.violation(`${id} cannot be changed: ${JSON.stringify(answer)}`);
      }
    }
  }

  return { begin, step, finish };
}
