import type { DatabaseSync } from "node:sqlite";
import type { JobDefinition } from "../../src/contract/job.ts";
import { all } from "./sqlite-d1.ts";

interface JobRow {
  id: string;
  definition: string;
  enabled: 0 | 1;
  next_at: number | null;
  paused_from: number | null;
  fire_count: number;
  version: number;
  turn: number;
}

export interface FireRow {
  id: number;
  job_id: string;
  nominal_at: number;
  kind: string;
  outcome: string;
  run_id: number | null;
  fired_at: number;
}

interface LiveRun {
  id: number;
  job_id: string;
  nominal_at: number;
  kind: string | null;
}

/** Looks at the jobs after every write, so that what was wrong only for a moment is seen too: guarantee 9. */
export function createJobWatch(report: (violation: string) => void) {
  let before = new Map<string, JobRow>();
  let newestFireId = 0;

  function look(sqlite: DatabaseSync): void {
    const now = new Map(all<JobRow>(sqlite, "SELECT * FROM jobs").map((job) => [job.id, job]));
    const fresh = all<FireRow>(sqlite, "SELECT * FROM job_fires WHERE id > ?1", newestFireId);
    if (now.size + before.size + fresh.length === 0) return;
    for (const fire of fresh) checkFire(fire, before.get(fire.job_id));
    for (const job of now.values()) checkStep(sqlite, before.get(job.id), job);
    checkLive(sqlite, now);
    newestFireId = Math.max(newestFireId, ...fresh.map(({ id }) => id));
    before = now;
  }

  /** A slot is recorded of a job whose turn it is, and never before its instant. */
  function checkFire({ job_id, nominal_at, kind, outcome, fired_at }: FireRow, job: JobRow | undefined): void {
    if (kind !== "scheduled") return;
    const slot = `slot ${nominal_at} of ${job_id}`;
    if (job === undefined) {
      report(`9: ${slot} was recorded, and there is no such job`);
      return;
    }
    const definition: JobDefinition = JSON.parse(job.definition);
    if (job.enabled === 0) {
      if (outcome !== "skipped_paused") report(`9: ${slot} is ${outcome}, and the job was paused`);
    } else if (job.next_at === null) report(`9: ${slot} was recorded after the job had finished`);
    else if (nominal_at < job.next_at) report(`9: ${slot} was recorded, and ${job.next_at} was the next`);
    if (fired_at < nominal_at) report(`9: ${slot} was recorded at ${fired_at}, before its instant`);
    if (!slotsOf(definition, nominal_at, nominal_at + 1).includes(nominal_at)) report(`9: ${slot} is none of its`);
  }

  /** A job goes on past slots that have a record each, and past no other, unless a caller changed it. */
  function checkStep(sqlite: DatabaseSync, was: JobRow | undefined, job: JobRow): void {
    if (was?.enabled === 0 && job.enabled === 1) checkPassed(sqlite, was, job);
    if (was === undefined || was.version !== job.version || was.next_at === null || was.next_at === job.next_at) return;
    const definition: JobDefinition = JSON.parse(job.definition);
    const until = job.next_at ?? lastOf(definition);
    const finished = definition.max_fires !== null && job.fire_count >= definition.max_fires;
    if (until === null) {
      if (!finished) report(`9: ${job.id} has no next slot, and is not finished`);
      return;
    }
    if (until < was.next_at) report(`9: the next slot of ${job.id} was ${was.next_at}, and is ${until} again`);
    if (job.next_at === null && finished) return;
    const recorded = recordedSince(sqlite, job.id, was.next_at);
    for (const slot of slotsOf(definition, was.next_at, until)) {
      if (!recorded.has(slot)) report(`9: ${job.id} went on to ${job.next_at}, and slot ${slot} has no record`);
    }
  }

  /** Of the slots that passed while a job was paused one is recorded, for all of them. */
  function checkPassed(sqlite: DatabaseSync, was: JobRow, job: JobRow): void {
    if (was.paused_from === null || job.next_at === null) return;
    const passed = slotsOf(JSON.parse(was.definition), was.paused_from, job.next_at);
    const recorded = recordedSince(sqlite, job.id, was.paused_from);
    if (passed.length > 0 && !passed.some((slot) => recorded.has(slot))) {
      report(`9: ${job.id} was resumed, and of its slots ${passed} none has a record`);
    }
  }

  /** A run is promised before it begins, and is alone where its job's overlap policy says so. */
  function checkLive(sqlite: DatabaseSync, jobs: ReadonlyMap<string, JobRow>): void {
    const live = all<LiveRun>(
      sqlite,
      `SELECT run.id, run.job_id, run.nominal_at, fire.kind
         FROM agent_runs AS run LEFT JOIN job_fires AS fire ON fire.job_id = run.job_id AND fire.nominal_at = run.nominal_at
        WHERE run.job_id IS NOT NULL AND run.status IN ('queued', 'running')`,
    );
    for (const { id, job_id, nominal_at, kind } of live) {
      if (kind === null) report(`9: run ${id} was begun, and slot ${nominal_at} of ${job_id} has no record`);
    }
    const ofSlots = live.filter(({ kind }) => kind !== "backfill"); // a backfill waits for nothing
    for (const [jobId, runs] of Map.groupBy(ofSlots, ({ job_id }) => job_id)) {
      const job = jobs.get(jobId);
      if (runs.length < 2 || job === undefined) continue;
      const { overlap }: JobDefinition = JSON.parse(job.definition);
      if (overlap !== "allow_all") report(`9: ${runs.length} runs of ${jobId} at once, whose overlap is ${overlap}`);
    }
  }

  return { look };
}

function recordedSince(sqlite: DatabaseSync, jobId: string, fromMs: number): Set<number> {
  const slots = "SELECT nominal_at FROM job_fires WHERE job_id = ?1 AND nominal_at >= ?2";
  return new Set(all<FireRow>(sqlite, slots, jobId, fromMs).map(({ nominal_at }) => nominal_at));
}

/** The slots in [fromMs, beforeMs), by no code of the service's: of intervals from the epoch, whole minutes, dates. */
export function slotsOf({ trigger, end_at }: JobDefinition, fromMs: number, beforeMs: number): number[] {
  const endMs = end_at === null ? beforeMs : Math.min(beforeMs, Date.parse(end_at) + 1);
  if (trigger.type === "date") return [Date.parse(trigger.run_date)].filter((atMs) => atMs >= fromMs && atMs < endMs);
  const everyMs = trigger.type === "interval" ? (trigger.seconds ?? 0) * 1_000 : minutesOf(trigger.expression) * 60_000;
  const slots: number[] = [];
  for (let atMs = Math.ceil(fromMs / everyMs) * everyMs; atMs < endMs; atMs += everyMs) slots.push(atMs);
  return slots;
}

function minutesOf(expression: string): number {
  const minutes = /^\*\/(\d+) \* \* \* \*$/.exec(expression)?.[1];
  if (minutes === undefined) throw new Error(`expected */n * * * *, not ${expression}`);
  return Number(minutes);
}

/** Just after the last slot there can be; null where there is no last. */
function lastOf({ trigger, end_at }: JobDefinition): number | null {
  if (trigger.type === "date") return Date.parse(trigger.run_date) + 1;
  return end_at === null ? null : Date.parse(end_at) + 1;
}

/** What can be judged of the jobs once nothing is due or lives any more, by name: what breaks it, or nothing. */
export const JOB_GUARANTEES: Readonly<Record<string, (sqlite: DatabaseSync) => string[]>> = {
  "9: every slot has one record": (sqlite) =>
    all<FireRow>(sqlite, "SELECT * FROM job_fires GROUP BY job_id, nominal_at HAVING count(*) > 1").map(
      ({ job_id, nominal_at }) => `slot ${nominal_at} of ${job_id} has several`,
    ),

  "9: a slot has at most one run": (sqlite) =>
    all<FireRow>(
      sqlite,
      "SELECT * FROM agent_runs WHERE job_id IS NOT NULL GROUP BY job_id, nominal_at HAVING count(*) > 1",
    ).map(({ job_id, nominal_at }) => `slot ${nominal_at} of ${job_id} has several`),

  "9: what fired has its run, and nothing waits": (sqlite) =>
    all<FireRow>(
      sqlite,
      `SELECT fire.* FROM job_fires AS fire LEFT JOIN agent_runs AS run ON run.id = fire.run_id
        WHERE fire.outcome IN ('fired', 'buffered')
          AND (run.job_id IS NOT fire.job_id OR run.nominal_at IS NOT fire.nominal_at)`,
    ).map(({ job_id, nominal_at, outcome, run_id }) => `slot ${nominal_at} of ${job_id} is ${outcome}, run ${run_id}`),

  "9: the record of a run's slot names it": (sqlite) =>
    all<FireRow>(
      sqlite,
      `SELECT run.id, run.job_id, run.nominal_at, fire.outcome, fire.run_id
         FROM agent_runs AS run LEFT JOIN job_fires AS fire ON fire.job_id = run.job_id AND fire.nominal_at = run.nominal_at
        WHERE run.job_id IS NOT NULL AND (fire.run_id IS NOT run.id OR fire.outcome <> 'fired')`,
    ).map(
      ({ id, job_id, nominal_at, outcome, run_id }) =>
        `run ${id} is of slot ${nominal_at} of ${job_id}, which is ${outcome}, run ${run_id}`,
    ),

  "9: nothing is due any more": (sqlite) =>
    all<JobRow>(sqlite, "SELECT * FROM jobs WHERE next_at IS NOT NULL").map(
      ({ id, next_at }) => `${id} has its next slot at ${next_at}`,
    ),
};
