import { describe, expect, test } from "vitest";
import { createCoordinator } from "../../src/coordinator/coordinator.ts";
import type { BeginOutcome, BeginRequest, Coordinator } from "../../src/coordinator/protocol.ts";
import { beginFires } from "../../src/scheduler/begin-fires.ts";
import type { SchedulerContext } from "../../src/scheduler/context.ts";
import { tick } from "../../src/scheduler/tick.ts";
import { readJobsToDo } from "../../src/store/job-fires.ts";
import { readJobs } from "../../src/store/jobs.ts";
import { simulate } from "../simulation/simulate.ts";

type Options = Parameters<typeof createCoordinator>[0];

/** The fault that this service was made to repair: the id is read back after the INSERT, by MAX(id). */
function readsIdsBack(options: Options): Coordinator {
  const coordinator = createCoordinator(options);
  const withNewestId = async (outcome: BeginOutcome): Promise<BeginOutcome> => {
    if (!outcome.ok || outcome.kind === "joined") return outcome;
    const newest = await options.db.prepare("SELECT max(id) AS id FROM agent_runs").first<number>("id");
    return { ...outcome, runId: newest ?? outcome.runId };
  };
  return { ...coordinator, begin: async (request) => withNewestId(await coordinator.begin(request)) };
}

/** Finishes whatever it is told, as if every attempt were the one that the run is at: the lease means nothing. */
function heedsNoLease(options: Options): Coordinator {
  const db = withSql(options.db, (sql) => sql.replace("attempt = ?2 AND status = ?14", "(?2 > 0 AND ?14 <> '')"));
  return createCoordinator({ ...options, db });
}

/** Writes every line that it is told, as if nobody ever told one twice. */
function believesEveryLine(options: Options): Coordinator {
  const db = withSql(options.db, (sql) => sql.replace("told.n > coalesce(", "told.n > 0 * coalesce("));
  return createCoordinator({ ...options, db });
}

/** Reads how many run, and then starts another: two who do so at once both find the slot free. */
function countsBeforeItWrites(options: Options): Coordinator {
  const one = createCoordinator(options);
  const other = createCoordinator(options);
  let turn = 0;
  return { ...one, begin: (request) => (turn++ % 2 === 0 ? one : other).begin(request) };
}

/** Begins the runs of slots under keys of their own, so that whoever repeats it begins others. */
function ignoresTheSlotsKey(options: Options): Coordinator {
  const coordinator = createCoordinator(options);
  const withOwnKey = (request: BeginRequest) =>
    request.trigger === "job" ? { ...request, requestKey: `${request.requestKey}:${options.randomKey()}` } : request;
  return { ...coordinator, begin: (request) => coordinator.begin(withOwnKey(request)) };
}

describe("a coordinator that is wrong is caught within 20 seeds:", () => {
  test.for([
    { fault: "one that reads the id back with MAX(id)", coordinatorOf: readsIdsBack },
    { fault: "one that closes a run for an attempt that has lost it", coordinatorOf: heedsNoLease },
    { fault: "one that begins a slot's run under another key each time", coordinatorOf: ignoresTheSlotsKey },
    { fault: "one that records a line of a log twice", coordinatorOf: believesEveryLine },
    { fault: "one that knows only half of what it admitted", coordinatorOf: countsBeforeItWrites },
  ])("$fault", async ({ coordinatorOf }) => {
    for (let n = 0; n < 20; n++) {
      const { violations } = await simulate(`canary:${n}`, { coordinatorOf });
      if (violations.length > 0) return;
    }
    expect.fail("20 seeds kept every guarantee, so the simulation would not see the real coordinator break one");
  });
});

/** What goes to D1 is changed on its way. */
function withSql(db: D1Database, change: (sql: string) => string): D1Database {
  return new Proxy(db, {
    get(target, property) {
      if (property === "prepare") return (sql: string) => target.prepare(change(sql));
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Advances the job that it read, whatever became of that since. */
const comparesNothing: typeof tick = (context, clock) =>
  tick(
    withDatabase(context, (sql) => sql.replace("AND turn = ?2", "AND ?2 > 0")),
    clock,
  );

/** Begins what is due, and promises it once that is done. */
const beginsBeforeItPromises: typeof tick = async (context, clock) => {
  const { env, nowMs } = context;
  const due = { atMs: nowMs(), promisedByMs: nowMs() - 10_000, limit: 100 };
  const jobs = await readJobs(env.DB, await readJobsToDo(env.DB, due));
  for (const job of jobs) {
    if (job.nextAtMs === null || job.nextAtMs > due.atMs) continue;
    const slot = { jobId: job.id, nominalAtMs: job.nextAtMs, paramsJson: null, firedAtMs: due.atMs };
    await beginFires(context, [slot], new Map([[job.id, job.definition]]));
  }
  return tick(context, clock);
};

function withDatabase(context: SchedulerContext, change: (sql: string) => string): SchedulerContext {
  return { ...context, env: { ...context.env, DB: withSql(context.env.DB, change) } };
}

describe("a tick that is wrong is caught within 20 seeds:", () => {
  test.for([
    { fault: "one that advances a job that is not as it was read", tickOf: comparesNothing },
    { fault: "one that begins a run before it is promised", tickOf: beginsBeforeItPromises },
  ])("tick: $fault", async ({ tickOf }) => {
    for (let n = 0; n < 20; n++) {
      const { violations } = await simulate(`canary:${n}`, { tickOf });
      if (violations.length > 0) return;
    }
    expect.fail("20 seeds kept every guarantee, so the simulation would not see the real tick break one");
  });
});
