import { type Chance, createChance } from "./chance.ts";
import type { Effect } from "./effects.ts";
import { createJobPlayer } from "./job-player.ts";
import { createJobSwarm, type JobSwarm } from "./job-swarm.ts";
import { impossible } from "./model.ts";
import { MINUTE_MS, onStage, type Request, type Stage, type StageOptions } from "./stage.ts";
import { type Action, createSwarm, deliveriesOf, planOf, requestOf, type Swarm } from "./swarm.ts";
import { createTraits, type Traits } from "./traits.ts";

const DRAIN_MINUTES = 600;

export interface Simulated {
  seed: string;
  violations: string[];
  runs: number;
  /** Slots of jobs by what became of them. */
  slots: Record<string, number>;
  effects: number;
  /** Equal for two plays of one seed: all that happened, in its order. */
  trace: string;
}

export interface SimulateOptions extends Pick<StageOptions, "coordinatorOf" | "tickOf"> {
  onLog?(line: string): void;
  /** As the seeds were played before there were jobs, logs and hand-overs. */
  plain?: boolean;
}

/** Plays one seed: a safety phase with its faults, a liveness phase without any, then every guarantee. */
export async function simulate(
  seed: string,
  { coordinatorOf, tickOf, onLog, plain = false }: SimulateOptions = {},
): Promise<Simulated> {
  const chance = createChance(seed);
  const swarm = createSwarm(chance);
  const trace = createTrace();
  const jobChance = createChance(`${seed}/jobs`);
  const jobSwarm = createJobSwarm(jobChance, swarm);
  if (plain) jobSwarm.jobs = [];
  onLog?.(JSON.stringify({ ...swarm, ...jobSwarm }));
  let faultsOn = true;
  const options = {
    chance,
    limits: swarm.limits,
    plan: (effect: Effect) => {
      const plan = planOf(swarm, chance, effect);
      const ofClock = effect.actor.kind === "cron" || effect.actor.kind === "ticker";
      if (ofClock && jobSwarm.jobs.length > 0 && jobChance.happens(0.1)) {
        plan.beforeMs = jobChance.between(0, jobSwarm.clockStallMs);
      }
      if (!faultsOn) Object.assign(plan, { fault: "none", beforeMs: 1, afterMs: 1 });
      trace.add(`${effect.actor.name} ${effect.name} ${JSON.stringify(plan)}`);
      onLog?.(`${effect.actor.name}: ${effect.name} ${plan.fault} ${plan.beforeMs}+${plan.afterMs} ms`);
      return plan;
    },
    deliveries: () => (faultsOn ? deliveriesOf(swarm, chance) : [1]),
    ...(coordinatorOf && { coordinatorOf }),
    ...(tickOf && { tickOf }),
    ...(onLog && { onLog }),
  };
  return onStage(options, async (stage) => {
    const jobs = createJobPlayer(jobSwarm, jobChance, stage);
    const traits = plain ? null : createTraits(createChance(`${seed}/traits`));
    const player = createPlayer(swarm, chance, stage, traits);
    jobs.begin();
    await player.play(jobs.step);
    faultsOn = false;
    await jobs.finish();
    await stage.drain(DRAIN_MINUTES);
    const told = player.compareWithModel(jobSwarm);
    await stage.probeSlots();
    const violations = [...stage.verdict(), ...told];
    const slots = Object.fromEntries(
      [...Map.groupBy(stage.fires(), ({ outcome }) => outcome)].map(([outcome, { length }]) => [outcome, length]),
    );
    return { seed, violations, runs: stage.rows().length, slots, effects: trace.length(), trace: trace.digest() };
  });
}

/** Does what the seed says to a stage. */
function createPlayer(swarm: Swarm, chance: Chance, stage: Stage, traits: Traits | null) {
  const { between, happens, pick, weighted } = chance;
  const requests: Request[] = [];
  const cancelled = new Set<number>();

  async function play(beside: () => Promise<void>): Promise<void> {
    let sinceSweepMs = 0;
    for (let n = 0; n < swarm.actions; n++) {
      act(weighted(swarm.weights));
      await beside();
      const pauseMs = between(0, pick(swarm.pausesMs));
      await stage.time.advance(pauseMs);
      sinceSweepMs += pauseMs;
      if (sinceSweepMs < MINUTE_MS) continue;
      sinceSweepMs = 0;
      void stage.world.sweep();
      if (stage.jobs().length > 0) void stage.world.tick("cron");
    }
  }

  function act(action: Action): void {
    const { world } = stage;
    switch (action) {
      case "burst":
        for (let n = between(1, 10); n > 0; n--) {
          const request = requestOf(swarm, chance, requests.length);
          ask({ ...request, input: traits?.of(request.input) ?? request.input });
        }
        break;
      case "repeat":
        repeat();
        break;
      case "cancel":
        cancel();
        break;
      case "wake":
        for (let n = between(1, 5); n > 0; n--) world.wake(pick(swarm.limits).name);
        break;
      case "kill_executor":
        pick([...world.living().slice(-20), null])?.crash();
        break;
      case "crash_coordinator":
        world.crashCoordinator(pick(swarm.limits).name);
        break;
      case "jump_clock":
        stage.time.jump(happens(0.3) ? -between(1, 2_000) : between(1, 2 * MINUTE_MS));
        break;
      case "sweep":
        void world.sweep();
        break;
      default:
        action satisfies never;
    }
  }

  function ask(request: Request): void {
    requests.push(request);
    stage.ask(request);
  }

  function repeat(): void {
    const repeatable = requests.filter(({ fingerprint }) => fingerprint !== null);
    if (repeatable.length === 0) return;
    const request = pick(repeatable.slice(-5));
    for (let n = between(1, 3); n > 0; n--) stage.ask(happens(0.2) ? { ...request, fingerprint: "another" } : request);
  }

  function cancel(): void {
    const rows = stage.rows();
    if (rows.length === 0) return;
    const { id, agent_name } = pick(rows.slice(-15));
    cancelled.add(id);
    stage.cancel(agent_name, id);
  }

  /** Of each row: whether it could have become so. */
  function compareWithModel({ jobs }: JobSwarm): string[] {
    return stage.rows().flatMap((row) => {
      const request = requests.find(({ requestKey }) => requestKey === row.request_key);
      const job = jobs.find(({ id }) => id === row.job_id);
      const input = request?.input ?? job?.body.params;
      const limits = swarm.limits.find(({ name }) => name === row.agent_name);
      if (input === undefined || limits === undefined) return [`run ${row.id} was asked for by nobody`];
      const { mark, script } = input;
      const others = limits.whenFull === "cancel_oldest" || job?.body.overlap === "cancel_other";
      const mayBeCancelled = cancelled.has(row.id) || others;
      const faulty = !swarm.calm;
      const story = { mark, script, retry: limits.retry, mayBeCancelled, faulty, mayOverstay: faulty };
      return impossible(story, row).map((complaint) => `the model: run ${row.id}: ${complaint}`);
    });
  }

  return { play, compareWithModel };
}

/** FNV-1a of every line. */
function createTrace() {
  let value = 0x811c9dc5;
  let length = 0;
  return {
    add(line: string): void {
      length++;
      for (let n = 0; n < line.length; n++) value = Math.imul(value ^ line.charCodeAt(n), 0x01000193);
    },
    digest: () => (value >>> 0).toString(16),
    length: () => length,
  };
}
