import { env } from "cloudflare:test";
import { vi } from "vitest";
import type { JobDetail } from "../../src/contract/job.ts";
import type { JobFire } from "../../src/contract/job-fire.ts";
import type { SchedulerContext } from "../../src/scheduler/context.ts";
import { tick } from "../../src/scheduler/tick.ts";
import { workOnJobs } from "../../src/scheduler/work-on-jobs.ts";
import type { SchedulerClock } from "../../src/store/scheduler-clocks.ts";
import { registry } from "../worker.ts";
import { getJson, post, rows } from "./service.ts";

export const HOUR_MS = 3_600_000;

/** A job of `counted-one` that is due each full hour, unless it says otherwise. */
export async function createJob(body: Record<string, unknown> = {}): Promise<JobDetail & { next_run: string }> {
  const response = await post("/api/scheduler/jobs", {
    name: "A job",
    agent: "counted-one",
    trigger: { type: "interval", hours: 1 },
    ...body,
  });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

export const readJob = (id: string) => getJson<JobDetail>(`/api/scheduler/jobs/${id}`);

/** The fires of a job, oldest first. */
export async function history(jobId: string): Promise<JobFire[]> {
  const page = await getJson<{ history: JobFire[] }>(`/api/scheduler/history?limit=500&job_id=${jobId}`);
  return page.history.reverse();
}

/** A tick of a clock that shows `atMs`. */
export function tickAt(
  atMs: number,
  {
    clock = "cron",
    db = env.DB,
    variables = {},
    tell = () => {},
  }: { clock?: SchedulerClock; db?: D1Database; variables?: object; tell?: SchedulerContext["tell"] } = {},
) {
  return tick({ env: { ...env, DB: db, ...variables }, registry, nowMs: () => atMs, tell }, clock);
}

/** What a queue message has somebody do, at `atMs`. */
export function workAt(atMs: number, jobIds: readonly string[], db: D1Database = env.DB): Promise<void> {
  return workOnJobs({ env: { ...env, DB: db }, registry, nowMs: () => atMs, tell: () => {} }, jobIds);
}

/** Until no run is under way: a test must leave none behind. */
export async function allEnded(): Promise<void> {
  await vi.waitFor(
    async () => {
      const live = await rows("SELECT id, status FROM agent_runs WHERE status IN ('queued', 'running')");
      if (live.length > 0) throw new Error(`${live.length} runs have not ended`);
    },
    { timeout: 20_000, interval: 50 },
  );
}

export async function runsOf(jobId: string): Promise<{ id: number; nominal_at: number; status: string }[]> {
  return rows("SELECT id, nominal_at, status FROM agent_runs WHERE job_id = ?1 ORDER BY id", jobId);
}

/** Guarantee 9: of every slot one record and at most one run, and no run without its record. */
export async function brokenSlots(): Promise<unknown[]> {
  return rows(
    `SELECT 'a run that no fire has' AS broken, run.job_id, run.nominal_at FROM agent_runs AS run
      WHERE run.trigger = 'job'
        AND NOT EXISTS (SELECT 1 FROM job_fires WHERE run_id = run.id AND job_id = run.job_id
                           AND nominal_at = run.nominal_at AND outcome = 'fired')
      UNION ALL
     SELECT 'two runs of a slot', job_id, nominal_at FROM agent_runs WHERE trigger = 'job'
      GROUP BY job_id, nominal_at HAVING count(*) > 1
      UNION ALL
     SELECT 'a promise that was not kept', job_id, nominal_at FROM job_fires
      WHERE run_id IS NULL AND outcome IN ('fired', 'buffered')`,
  );
}
