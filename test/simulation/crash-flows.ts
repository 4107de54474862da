import { describe, expect, test } from "vitest";
import type { JobDefinition } from "../../src/contract/job.ts";
import { RetryPolicy } from "../../src/contract/run-policy.ts";
import { createChance } from "./chance.ts";
import { type Effect, type Fault, type Plan, PROMPT } from "./effects.ts";
import type { AgentLimits, ScriptedInput } from "./scripted-agent.ts";
import { MINUTE_MS, onStage, type Request, type Stage } from "./stage.ts";

const FAULTS = ["crash_before", "crash_after", "refuse", "lose_reply"] as const satisfies Fault[];
/** Before and after the successor has read the history, asked others to start, and been asked again. */
const LATE_MS = [1, 4, 7, 10, 15, 25, 40, 200, 15_000, 50_000] as const;
const RECOVERY_MINUTES = 15;
/** A flow is played once for each of its effects. A play that is cut short would spoil the next test's clock. */
const MAX_TEST_MS = 60_000;

export const LIMITS: AgentLimits = {
  name: "agent",
  concurrency: 1,
  whenFull: "queue",
  maxQueued: 10,
  timeoutMs: 5 * MINUTE_MS,
  queueTtlMs: 4 * MINUTE_MS,
  retry: RetryPolicy.parse({ maxAttempts: 3, minDelayMs: 1_000, maxDelayMs: 2_000 }),
};

export const INPUT: ScriptedInput = { mark: "flow", workMs: 1_000, deaf: false, script: ["complete"] };

export function request(more: Partial<Request> = {}): Request {
  return { agentName: "agent", mode: "execute", input: INPUT, requestKey: "one", fingerprint: null, ...more };
}

export interface Flow {
  /** Plays it from its beginning to where the clock alone takes it on. */
  play(stage: Stage): Promise<void>;
  limits?: Partial<AgentLimits>;
  losesWakes?: true;
  /** Jobs that there are before it begins. */
  jobs?: Readonly<Record<string, Partial<JobDefinition>>>;
  /** What becomes of the jobs' slots; `slotsAnyhow`: and with any fault as well. */
  slots?: readonly string[];
  slotsAnyhow?: true;
  /** Everything that is asked of something outside, in order: a new effect makes someone look. */
  effects: readonly string[];
}

/** Each flow without a fault, and with each fault at each of its effects. */
export function proveFlows(flows: Readonly<Record<string, Flow>>): void {
  describe.for(Object.entries(flows))("%s", ([, flow]) => {
    test("asks for exactly these effects, and keeps every guarantee", async () => {
      const { met, verdict, slots } = await play(flow, null, {});
      expect(verdict).toEqual([]);
      expect(slots).toEqual(flow.slots ?? []);
      expect(inRuns(met)).toEqual(flow.effects);
    });

    test.for(FAULTS)("keeps every guarantee after %s at any one of them", { timeout: MAX_TEST_MS }, async (fault) => {
      const { met } = await play(flow, null, {});
      const broken: Record<string, string[]> = {};
      for (const [point, effect] of met.entries()) {
        const { verdict } = await play(flow, point, { fault });
        if (verdict.length > 0) broken[`${point} ${effect}`] = verdict;
      }
      expect(broken).toEqual({});
    });

    test(
      "keeps every guarantee where whoever writes is gone when the write arrives",
      async () => {
        const { met } = await play(flow, null, {});
        const broken: Record<string, string[]> = {};
        for (const [point, effect] of met.entries()) {
          if (!effect.endsWith("D1 batch")) continue;
          for (const beforeMs of LATE_MS) {
            const late = { fault: "crash_on_the_way", beforeMs, outlivesSender: true } as const;
            const { verdict } = await play(flow, point, late, `${beforeMs} ms`);
            if (verdict.length > 0) broken[`${point}, ${beforeMs} ms late`] = verdict;
          }
        }
        expect(broken).toEqual({});
      },
      MAX_TEST_MS,
    );
  });
}

/** Plays a flow with one fault at one of its points, recovers, and judges. `point` null: no fault. */
async function play(flow: Flow, point: number | null, fault: Partial<Plan>, chance = "crash points") {
  const met: string[] = [];
  let recovering = false;
  const plan = ({ actor, name }: Effect) => {
    if (!recovering) met.push(`${actor.kind}: ${name}`);
    return { ...PROMPT, ...(!recovering && met.length - 1 === point ? fault : {}) };
  };
  const limits = [{ ...LIMITS, ...flow.limits }];
  let wakesLost = 0;
  const deliveries = () => (flow.losesWakes && wakesLost++ === 0 ? [] : [1]);
  return onStage({ chance: createChance(chance), limits, plan, deliveries }, async (stage) => {
    for (const [id, definition] of Object.entries(flow.jobs ?? {})) await stage.addJob(id, { ...JOB, ...definition });
    await flow.play(stage);
    recovering = true;
    await stage.drain(RECOVERY_MINUTES);
    await stage.probeSlots();
    const slots = stage.fires().map(({ outcome }) => outcome);
    const verdict = stage.verdict();
    if (flow.slotsAnyhow && String(slots) !== String(flow.slots)) verdict.push(`the slots are ${slots}`);
    return { met, verdict, slots };
  });
}

/** `heartbeat, heartbeat` is `heartbeat ×2`. */
function inRuns(effects: readonly string[]): string[] {
  const runs: { effect: string; times: number }[] = [];
  for (const effect of effects) {
    const last = runs.at(-1);
    if (last?.effect === effect) last.times++;
    else runs.push({ effect, times: 1 });
  }
  return runs.map(({ effect, times }) => (times === 1 ? effect : `${effect} ×${times}`));
}

/** A job that runs the agent every minute; each flow says what is special about its own. */
const JOB: JobDefinition = {
  name: "Every minute",
  description: "",
  agent: LIMITS.name,
  params: { ...INPUT },
  trigger: { type: "interval", seconds: 60 },
  timezone: "UTC",
  overlap: "skip",
  misfire_grace_s: 300,
  coalesce: true,
  jitter_s: 0,
  start_at: null,
  end_at: null,
  max_fires: null,
  active_hours: null,
  pause_after_failures: null,
  tags: [],
};
