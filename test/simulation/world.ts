import { DatabaseSync } from "node:sqlite";
import type { Agent } from "../../src/agents/define-agent.ts";
import { createRegistry } from "../../src/agents/registry.ts";
import { nowMs } from "../../src/clock.ts";
import { callCoordinator } from "../../src/coordinator/client.ts";
import { createCoordinator } from "../../src/coordinator/coordinator.ts";
import type { CancelOutcome, Coordinator, FinishOutcome } from "../../src/coordinator/protocol.ts";
import { sendJobsWake, sendWake, type Wake } from "../../src/coordinator/wake.ts";
import type { Env } from "../../src/env.ts";
import { completeAttempt } from "../../src/executor/complete-attempt.ts";
import { consumeWakes } from "../../src/executor/consume-wakes.ts";
import { type RunOutcome, type RunRequest, runAgent } from "../../src/executor/run-agent.ts";
import { describeError } from "../../src/log.ts";
import { randomFraction, randomKey } from "../../src/random.ts";
import { sweep } from "../../src/scheduler/sweep.ts";
import { tick } from "../../src/scheduler/tick.ts";
import { workOnJobs } from "../../src/scheduler/work-on-jobs.ts";
import type { MemoryStorage } from "../../src/store/memory.ts";
import type { SchedulerClock } from "../../src/store/scheduler-clocks.ts";
import { StorageError } from "../../src/store/storage.ts";
import { setAmpleBudget } from "./budget-watch.ts";
import { type Actor, type Effect, type Plan, performAs } from "./effects.ts";
import { migratedDatabase, sqliteD1 } from "./sqlite-d1.ts";
import { sqliteStorage } from "./sqlite-storage.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** The queue gives a message that nobody acknowledged to another consumer after so long, so often. */
const REDELIVERY_MS = 60_000;
const MAX_DELIVERIES = 10;

export interface WorldOptions {
  time: VirtualTime;
  agents: readonly Agent[];
  plan(effect: Effect): Plan;
  /** When a message that is due now arrives: not at all, once, or several times. */
  deliveries(): readonly number[];
  /** After every transaction of an agent's coordinator; `late`: after its sender died or gave it up. */
  onCommit(sqlite: DatabaseSync, agentName: string, arrival: { late: boolean }): void;
  /** After whatever else changed a row. */
  onWrite(sqlite: DatabaseSync): void;
  /** What no fault excuses. */
  onBug(description: string): void;
  /** The coordinator to prove; a canary's is wrong. */
  coordinatorOf?: typeof createCoordinator;
  /** The same of the scheduler's tick. */
  tickOf?: typeof tick;
}

interface Host {
  actor: Actor;
  coordinator: Coordinator;
  crashed: Promise<never>;
}

/**
 * The service's own code from the executors to the database, in one process and in virtual time; what Cloudflare does
 * is played: objects that are found by name and can be aborted, Workers and consumers that can die, a queue.
 */
export function createWorld(options: WorldOptions) {
  const { time, plan, coordinatorOf = createCoordinator } = options;
  const sqlite = migratedDatabase();
  setAmpleBudget(sqlite);
  const registry = createRegistry([...options.agents]);
  const hosts = new Map<string, Host>();
  const storages = new Map<string, DatabaseSync>();
  const processOf = new WeakMap<Env, Actor>();
  const processes: Actor[] = [];
  let alarm: { atMs: number; timer: number } | null = null;

  function perform<T>(actor: Actor, name: string, work: (arrival: { late: boolean }) => T | Promise<T>): Promise<T> {
    return performAs(actor, actor.alive ? plan({ actor, name }) : DEAD, work);
  }

  function databaseOf(actor: Actor): D1Database {
    return sqliteD1(sqlite, (operation, call) =>
      perform(actor, `D1 ${operation}`, (arrival) => {
        const result = call();
        if (operation === "batch" && actor.kind === "coordinator") options.onCommit(sqlite, actor.name, arrival);
        options.onWrite(sqlite);
        return result;
      }),
    );
  }

  /** Outlives the object, and takes nothing from one that has died. */
  function storageOf(actor: Actor): MemoryStorage {
    const database = storages.get(actor.name) ?? new DatabaseSync(":memory:");
    storages.set(actor.name, database);
    return sqliteStorage(database, () => actor.alive);
  }

  function queueOf(actor: Actor): Queue<Wake> {
    const send = (wake: Wake, { delaySeconds = 0 }: QueueSendOptions = {}) =>
      perform(actor, "send wake", () => enqueue(wake, delaySeconds, 1));
    return { send } as unknown as Queue<Wake>;
  }

  function hostOf(agentName: string): Host {
    const { promise: crashed, reject } = Promise.withResolvers<never>();
    crashed.catch(() => {});
    const actor: Actor = {
      kind: "coordinator",
      name: agentName,
      alive: true,
      crash() {
        actor.alive = false;
        if (hosts.get(agentName) === host) hosts.delete(agentName);
        reject(new Error("the object was reset"));
      },
    };
    const queue = queueOf(actor);
    const coordinator = coordinatorOf({
      agentName,
      db: databaseOf(actor),
      storage: storageOf(actor),
      nowMs,
      randomKey,
      randomFraction,
      budgets: { timezone: "UTC", runReserveMicrousd: 10_000 },
      wake: (delayMs) => void sendWake(queue, agentName, delayMs),
      wakeWebhook: () => {}, // nobody asks for one in these plays
      tell: () => {}, // and nobody watches
    });
    const host = { actor, coordinator, crashed };
    return host;
  }

  /** As a Durable Object namespace does it: one object a name, made when it is first called. */
  function stubOf(caller: Actor, agentName: string): Coordinator {
    const call = (method: keyof Coordinator) => (request: never) =>
      perform(caller, method, async () => {
        const host = hosts.get(agentName) ?? hostOf(agentName);
        hosts.set(agentName, host);
        const answer = host.coordinator[method](structuredClone(request)).catch((error: unknown) => {
          options.onBug(`the coordinator of ${agentName} threw in ${method}: ${describeError(error)}`);
          throw error;
        });
        return structuredClone(await Promise.race<unknown>([answer, host.crashed]));
      });
    const methods = [
      "begin",
      "claim",
      "heartbeat",
      "finish",
      "handOver",
      "cancel",
      "configure",
      "memory",
      "sweep",
    ] as const;
    return Object.fromEntries(methods.map((method) => [method, call(method)])) as unknown as Coordinator;
  }

  function startProcess(kind: Exclude<Actor["kind"], "coordinator">): { env: Env; actor: Actor } {
    const actor: Actor = {
      kind,
      name: `${kind} ${processes.length}`,
      alive: true,
      crash() {
        actor.alive = false;
      },
    };
    const COORDINATOR = { getByName: (agentName: string) => stubOf(actor, agentName) };
    const TICKER = { getByName: () => ({ arm: (atMs: number) => perform(actor, "arm", () => arm(atMs)) }) };
    const env = { DB: databaseOf(actor), COORDINATOR, TICKER, RUN_QUEUE: queueOf(actor) } as unknown as Env;
    processes.push(actor);
    processOf.set(env, actor);
    return { env, actor };
  }

  /** As a Durable Object's alarm: one at a time, at the earliest instant that was asked for. */
  function arm(atMs: number): void {
    if (alarm !== null && alarm.atMs <= atMs) return;
    if (alarm !== null) time.clear(alarm.timer);
    const timer = time.set(() => {
      alarm = null;
      void tickOnce("ticker");
    }, atMs - time.wallMs());
    alarm = { atMs, timer };
  }

  /** What fails of it, the next one does. */
  async function tickOnce(clock: SchedulerClock): Promise<void> {
    const { env } = startProcess(clock);
    const ticked = (options.tickOf ?? tick)({ env, registry, nowMs, tell: () => {} }, clock);
    await orBug(
      `a tick of ${clock}`,
      ticked.then(() => {}, storageOnly),
    );
  }

  function enqueue(wake: Wake, delayS: number, delivery: number): QueueSendResponse {
    for (const afterMs of options.deliveries()) time.set(() => deliver(wake, delivery), delayS * 1_000 + afterMs);
    return {} as QueueSendResponse;
  }

  function deliver(wake: Wake, delivery: number): void {
    const { env } = startProcess("consumer");
    let settled = false;
    const again = (delayS: number) => {
      if (!settled && delivery < MAX_DELIVERIES) enqueue(wake, delayS, delivery + 1);
      settled = true;
    };
    const message = {
      body: wake,
      ack: () => {
        settled = true;
      },
      retry: ({ delaySeconds = 0 }: QueueRetryOptions = {}) => again(delaySeconds),
    };
    time.set(() => again(0), REDELIVERY_MS);
    const waitUntil = (work: Promise<void>) => void orBug("a consumer's run", work);
    const batch = { messages: [message] } as unknown as MessageBatch<Wake>;
    const work = (jobIds: readonly string[]) => workOnJobs({ env, registry, nowMs, tell: () => {} }, jobIds);
    void orBug("a consumer", consumeWakes(batch, { env, registry, waitUntil, workOnJobs: work }));
  }

  async function orBug(what: string, work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) => options.onBug(`${what} threw: ${describeError(error)}`));
  }

  return {
    sqlite,
    registry,
    startProcess,
    /** The process that runs the agent code that was given this `env`. */
    processOf: (env: Env) => processOf.get(env),
    living: () => processes.filter((actor) => actor.alive),
    crashCoordinator: (agentName: string) => hosts.get(agentName)?.actor.crash(),
    /** A request in a Worker of its own. Never settles if that Worker dies. */
    run(request: Omit<RunRequest, "env" | "serviceOrigin" | "registry">): Promise<RunOutcome> {
      const { env } = startProcess("worker");
      return runAgent({ ...request, env, serviceOrigin: "http://simulated", registry });
    },
    cancel(agentName: string, runId: number): Promise<CancelOutcome> {
      const { env } = startProcess("worker");
      return callCoordinator(env.COORDINATOR, agentName, (coordinator) => coordinator.cancel({ runId }));
    },
    /** As a request to complete an attempt that was handed over, whose token was right. */
    complete(
      { agentName, ...which }: { agentName: string; runId: number; attempt: number },
      told: Parameters<typeof completeAttempt>[1],
    ): Promise<FinishOutcome> {
      const { env } = startProcess("worker");
      return completeAttempt({ ...which, durationMs: 1_000 }, told, agentName, env);
    },
    /** The minute's sweep, which fails where the history cannot be read. */
    async sweep(): Promise<void> {
      const { env } = startProcess("cron");
      await sweep(env, nowMs()).catch(() => {});
    },
    tick: tickOnce,
    /** A message about jobs out of nowhere. */
    wakeForJobs: (jobIds: readonly string[]) => void sendJobsWake(queueOf(startProcess("worker").actor), jobIds),
    /** A wake out of nowhere. */
    wake: (agentName: string) => deliver({ kind: "claim", agent: agentName }, MAX_DELIVERIES),
    stub: (agentName: string) => stubOf(startProcess("worker").actor, agentName),
  };
}

export type World = ReturnType<typeof createWorld>;

function storageOnly(error: unknown): void {
  if (!(error instanceof StorageError)) throw error;
}

const DEAD: Plan = { fault: "none", beforeMs: 0, afterMs: 0, outlivesSender: false };
