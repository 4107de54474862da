import type { JobDefinition } from "../../src/contract/job.ts";
import type { createCoordinator } from "../../src/coordinator/coordinator.ts";
import { isTerminal } from "../../src/core/run-state.ts";
import { nextFireAfter } from "../../src/core/slot-decisions.ts";
import type { tick } from "../../src/scheduler/tick.ts";
import { insertJob } from "../../src/store/job-edits.ts";
import type { Chance } from "./chance.ts";
import { type Effect, type Plan, PROMPT } from "./effects.ts";
import { brokenEvents } from "./event-watch.ts";
import { createHistoryWatch, type Row } from "./history-watch.ts";
import { callJobs, type JobAnswer, type JobCall } from "./job-clients.ts";
import { createJobWatch, type FireRow, JOB_GUARANTEES } from "./job-watch.ts";
import { type Asked, brokenGuarantees, createLedger, runIdOf } from "./ledger.ts";
import {
  type AgentLimits,
  type OutsideStep,
  type ScriptedInput,
  scriptedAgent,
  TOKENS_PER_ATTEMPT,
} from "./scripted-agent.ts";
import { all, sqliteD1 } from "./sqlite-d1.ts";
import { createVirtualTime, withVirtual } from "./virtual-time.ts";
import { createWorld } from "./world.ts";

/** A Monday, an hour before a UTC day ends: what runs long ends on another day than it began. */
export const START_MS = Date.UTC(2026, 10, 23, 23);
export const MINUTE_MS = 60_000;
/** Far more than any play needs. */
const MAX_EFFECTS = 20_000;
/** Before the attempt can have been handed over, and after. */
const OUTSIDE_TRIES_MS = [1, 3_000, 20_000] as const;
const LAST_OUTSIDE_TRY_MS = 45_000;

export interface Request {
  agentName: string;
  mode: "execute" | "queue";
  input: ScriptedInput;
  requestKey: string;
  fingerprint: string | null;
  priority?: number;
  delayMs?: number;
}

export interface StageOptions {
  chance: Chance;
  limits: readonly AgentLimits[];
  plan(effect: Effect): Plan;
  deliveries(): readonly number[];
  coordinatorOf?: typeof createCoordinator;
  tickOf?: typeof tick;
}

/** The service in its world, with everything that its users see written down. */
function createStage(options: StageOptions) {
  const violations = new Set<string>();
  const time = createVirtualTime(START_MS);
  const ledger = createLedger();
  const limitsOf = new Map(options.limits.map((limits) => [limits.name, limits]));
  const watch = createHistoryWatch({
    concurrencyOf: (agentName) => limitsOf.get(agentName)?.concurrency ?? 0,
    report: (violation) => violations.add(violation),
  });
  const jobWatch = createJobWatch((violation) => violations.add(violation));
  const agents = options.limits.map((limits) =>
    scriptedAgent(limits, {
      onAttempt({ env, runId, attempt }) {
        const by = world.processOf(env);
        // What a dead process still computes reaches nobody.
        if (by === undefined || !by.alive) return () => {};
        ledger.executions.push({ runId, attempt, by: by.name });
        return watch.attemptStarts(world.sqlite, { agentName: limits.name, runId, attempt, by });
      },
      onHandOver({ env, runId, attempt }, step, mark) {
        if (world.processOf(env)?.alive) takeOver({ agentName: limits.name, runId, attempt }, step, mark);
      },
    }),
  );
  let effects = 0;

  /** What goes round in circles is brought to an end. */
  function plan(effect: Effect): Plan {
    effects++;
    if (effects <= MAX_EFFECTS) return options.plan(effect);
    violations.add(`the service does not come to rest`);
    return { ...PROMPT, fault: "crash_before" };
  }

  const world = createWorld({
    ...options,
    plan,
    time,
    agents,
    onCommit: watch.look,
    onWrite: jobWatch.look,
    onBug: (description) => violations.add(description),
  });

  function ask({ agentName, mode, input, requestKey, fingerprint, priority = 0, delayMs }: Request): Asked {
    const agent = agents.find(({ name }) => name === agentName);
    if (agent === undefined) throw new Error(`no agent ${agentName}`);
    const asked: Asked = { agentName, requestKey, fingerprint, outcomes: [] };
    ledger.asked.push(asked);
    const availableAtMs = delayMs === undefined ? null : time.wallMs() + delayMs;
    const { timeoutMs } = agent;
    const inputJson = JSON.stringify(input);
    const identity = { requestKey, fingerprint, trigger: "api", replayOf: null, webhookUrl: null } as const;
    world
      .run({ agent, input, inputJson, mode, ...identity, priority, availableAtMs, timeoutMs })
      .then((outcome) => asked.outcomes.push(outcome))
      .catch((error: unknown) => violations.add(`a request threw: ${error}`));
    return asked;
  }

  /** Somebody outside says how an attempt has ended, again and again: no answer is believed. */
  function takeOver(which: { agentName: string; runId: number; attempt: number }, step: OutsideStep, mark: string) {
    if (step === "outside_forgets") return;
    const { attempt } = which;
    const usage = { input_tokens: TOKENS_PER_ATTEMPT, cost_usd: 0.003 };
    const told = step === "outside_fails" ? { error: "scripted to fail outside" } : { output: { mark, attempt } };
    const early = OUTSIDE_TRIES_MS.filter(() => options.chance.happens(0.5));
    for (const afterMs of [...early, LAST_OUTSIDE_TRY_MS]) {
      time.set(() => {
        world
          .complete(which, { output: told.output, completion: { ...told, usage } })
          .catch((error: unknown) => violations.add(`a completion threw: ${error}`));
      }, afterMs);
    }
  }

  function cancel(agentName: string, runId: number): void {
    world
      .cancel(agentName, runId)
      .then((outcome) => ledger.noteCancel(world.sqlite, runId, outcome))
      .catch((error: unknown) => violations.add(`a cancel threw: ${error}`));
  }

  async function callForJob(call: JobCall): Promise<JobAnswer | undefined> {
    const { env } = world.startProcess("worker");
    try {
      const answer = await callJobs(call, { env, registry: world.registry });
      ledger.noteJobAnswer(call, answer);
      return answer;
    } catch (error) {
      violations.add(`${call.action} of ${call.jobId} threw: ${error}`);
      return undefined;
    }
  }

  /** As if it had been made long ago, by nobody's doing; its next slot is after now. */
  async function addJob(id: string, definition: JobDefinition): Promise<void> {
    const atMs = time.wallMs();
    const next = nextFireAfter({ id, definition }, atMs);
    const state = { definition, enabled: true, pausedNote: null, next, failuresFromMs: atMs };
    await insertJob(sqliteD1(world.sqlite), id, state, atMs);
    jobWatch.look(world.sqlite);
  }

  function live(): Row[] {
    return all<Row>(world.sqlite, "SELECT * FROM agent_runs").filter((row) => !isTerminal(row.status));
  }

  /** Whether a job has a slot to come, or a fire that waits for its run. */
  function jobsAtWork(): boolean {
    const waiting = "SELECT 1 FROM job_fires WHERE run_id IS NULL AND outcome IN ('fired', 'buffered')";
    return all(world.sqlite, `SELECT 1 FROM jobs WHERE next_at IS NOT NULL UNION ALL ${waiting} LIMIT 1`).length > 0;
  }

  /** Minutes pass, with their sweeps and ticks, until nothing lives; at most so many. */
  async function drain(maxMinutes: number): Promise<void> {
    for (let minute = 0; minute < maxMinutes && (minute < 2 || live().length > 0 || jobsAtWork()); minute++) {
      void world.sweep();
      if (jobsAtWork()) void world.tick("cron");
      await time.advance(MINUTE_MS / 2);
      if (jobsAtWork()) void world.tick("ticker");
      await time.advance(MINUTE_MS / 2);
    }
  }

  /** With nothing alive, every slot of every agent is free: as many runs as it has start at once, and end. */
  async function probeSlots(): Promise<void> {
    for (const { name, concurrency } of options.limits) {
      const asked = Array.from({ length: concurrency }, (_, n) =>
        ask({ agentName: name, mode: "execute", input: PROBE, requestKey: `probe ${name} ${n}`, fingerprint: null }),
      );
      await time.advance(10_000);
      const kinds = asked.map(({ outcomes: [outcome] }) => outcome?.kind ?? "nothing");
      if (kinds.some((kind) => kind !== "recorded")) {
        violations.add(`7: all ${concurrency} slots of ${name} should be free, but it answers ${kinds}`);
      }
    }
  }

  return {
    time,
    world,
    ledger,
    ask,
    cancel,
    callForJob,
    addJob,
    drain,
    probeSlots,
    runIdOf: ({ outcomes }: Asked) => outcomes.map(runIdOf).find((runId) => runId !== null) ?? null,
    newestRunId: () => all<{ id: number | null }>(world.sqlite, "SELECT max(id) AS id FROM agent_runs")[0]?.id ?? null,
    rows: () => all<Row>(world.sqlite, "SELECT * FROM agent_runs ORDER BY id"),
    violation: (violation: string) => void violations.add(violation),
    jobs: () =>
      all<{ id: string; next_at: number | null; definition: string }>(world.sqlite, "SELECT * FROM jobs ORDER BY id"),
    fires: () => all<FireRow>(world.sqlite, "SELECT * FROM job_fires ORDER BY job_id, nominal_at"),
    /** What is wrong, by the watch over every commit and by the ledger at the end. */
    verdict(): string[] {
      watch.checkEnded(world.sqlite);
      const ofJobs = Object.entries(JOB_GUARANTEES).flatMap(([name, broken]) =>
        broken(world.sqlite).map((violation) => `${name}: ${violation}`),
      );
      const broken = [...brokenGuarantees(ledger, world.sqlite), ...brokenEvents(world.sqlite)];
      return [...violations, ...broken, ...ofJobs];
    },
  };
}

export type Stage = ReturnType<typeof createStage>;

/** Plays on a new stage, in virtual time. What the service logs meanwhile is given to `onLog`. */
export async function onStage<T>(
  options: StageOptions & { onLog?(line: string): void },
  play: (stage: Stage) => Promise<T>,
): Promise<T> {
  const stage = createStage(options);
  const { time } = stage;
  const onLog = options.onLog ?? (() => {});
  return withVirtual({ time, fraction: options.chance.fraction, onLog }, () => play(stage));
}

const PROBE: ScriptedInput = { mark: "probe", workMs: 3_000, deaf: false, script: ["complete"] };
