import { RETRYABLE_ENDS } from "../../src/contract/run-policy.ts";
import type { Chance } from "./chance.ts";
import type { Effect, Plan } from "./effects.ts";
import { type AgentLimits, type ScriptedInput, STEPS } from "./scripted-agent.ts";
import { MINUTE_MS, type Request } from "./stage.ts";

/** What may happen next, each as likely as the seed makes it. */
export const ACTIONS = [
  "burst",
  "repeat",
  "cancel",
  "wake",
  "kill_executor",
  "crash_coordinator",
  "jump_clock",
  "sweep",
] as const;
export type Action = (typeof ACTIONS)[number];

/** What one seed makes likely: each leaves out much and overdoes something, which finds more than the middle of all. */
export interface Swarm {
  /** Nothing fails and nobody cancels: then the model says exactly how each run ends. */
  calm: boolean;
  weights: Record<Action, number>;
  actions: number;
  limits: AgentLimits[];
  faultProbability: Record<"crash_before" | "crash_after" | "refuse" | "lose_reply", number>;
  /** A request or a reply takes so long at most; one in twenty takes `stallMs`. */
  latencyMs: number;
  stallMs: number;
  /** What a crashed object had sent to D1 may be committed after its successor has looked. */
  lateCommits: boolean;
  lostWakes: number;
  doubledWakes: number;
  lateWakeMs: number;
  pausesMs: readonly number[];
  mostWorkMs: number;
}

export function createSwarm(chance: Chance): Swarm {
  const { between, happens, pick } = chance;
  const calm = happens(0.2);
  const weight = (usual: number) => (happens(0.3) ? 0 : between(1, usual));
  const probability = () => (calm ? 0 : pick([0, 0, 0.005, 0.02, 0.08]));
  return {
    calm,
    weights: {
      burst: between(5, 20),
      repeat: weight(10),
      cancel: calm ? 0 : weight(8),
      wake: weight(4),
      kill_executor: calm ? 0 : weight(5),
      crash_coordinator: calm ? 0 : weight(5),
      jump_clock: calm ? 0 : weight(3),
      sweep: weight(4),
    },
    actions: between(15, 60),
    limits: Array.from({ length: between(1, 3) }, (_, n) => agentLimits(chance, `agent-${n}`, calm)),
    faultProbability: {
      crash_before: probability(),
      crash_after: probability(),
      refuse: probability(),
      lose_reply: probability(),
    },
    latencyMs: pick([1, 5, 40]),
    stallMs: calm ? 100 : pick([100, 500, 15_000]),
    lateCommits: !calm && happens(0.3),
    lostWakes: calm ? 0 : pick([0, 0.05, 0.5]),
    doubledWakes: pick([0, 0.1, 0.8]),
    lateWakeMs: pick([10, 1_000, 20_000]),
    pausesMs: pick([
      [0, 1, 3],
      [0, 10, 200, 2_000],
      [1, 1_000, 20_000],
    ]),
    mostWorkMs: pick([50, 3_000, 60_000]),
  };
}

function agentLimits({ between, happens, pick }: Chance, name: string, calm: boolean): AgentLimits {
  return {
    name,
    concurrency: pick([1, 1, 2, 5]),
    whenFull: calm ? pick(["queue", "reject"]) : pick(["queue", "queue", "reject", "cancel_oldest"]),
    maxQueued: pick([1, 5, 200]),
    timeoutMs: pick([70_000, 2 * MINUTE_MS]),
    queueTtlMs: calm ? 24 * 60 * MINUTE_MS : pick([MINUTE_MS, 10 * MINUTE_MS, 24 * 60 * MINUTE_MS]),
    retry: {
      maxAttempts: between(1, 4),
      minDelayMs: pick([0, 10, 5_000]),
      maxDelayMs: 30_000,
      factor: pick([1, 2]),
      on: RETRYABLE_ENDS.filter(() => happens(0.7)),
    },
  };
}

/** What an effect meets while the seed's faults are on. */
export function planOf(swarm: Swarm, { between, fraction, happens }: Chance, { actor, name }: Effect): Plan {
  const delayMs = () => (happens(0.05) ? between(0, swarm.stallMs) : between(0, swarm.latencyMs));
  let left = fraction();
  let fault: Plan["fault"] = "none";
  for (const [candidate, probability] of Object.entries(swarm.faultProbability)) {
    left -= probability;
    if (left < 0 && fault === "none") fault = candidate as Plan["fault"];
  }
  // A call that reached its object may be served although its caller is gone; a write to D1, only if the seed says so.
  const outlivesSender = name.startsWith("D1") ? swarm.lateCommits : actor.kind !== "coordinator";
  return { fault, beforeMs: delayMs(), afterMs: delayMs(), outlivesSender };
}

/** When a wake that is due now arrives: lost, late, twice, in any order. */
export function deliveriesOf(swarm: Swarm, { between, happens }: Chance): number[] {
  if (happens(swarm.lostWakes)) return [];
  const times = happens(swarm.doubledWakes) ? 2 : 1;
  return Array.from({ length: times }, () => between(1, swarm.lateWakeMs));
}

export function requestOf(swarm: Swarm, { between, happens, pick }: Chance, number: number): Request {
  const input: ScriptedInput = {
    mark: `run ${number}`,
    workMs: between(0, swarm.mostWorkMs),
    deaf: happens(0.1),
    script: Array.from({ length: between(1, 3) }, () => (happens(0.6) ? "complete" : pick(STEPS))),
  };
  return {
    agentName: pick(swarm.limits).name,
    mode: pick(["execute", "execute", "queue"]),
    input,
    requestKey: `request ${number}`,
    fingerprint: happens(0.4) ? `fingerprint ${number}` : null,
    priority: pick([0, 0, 0, 5, -5]),
    ...(happens(0.1) ? { delayMs: between(0, 90_000) } : {}),
  };
}
