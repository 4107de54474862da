import { describe, expect, test } from "vitest";
import { RetryPolicy } from "../../src/contract/run-policy.ts";
import { createChance } from "../simulation/chance.ts";
import { type Effect, type Fault, type Plan, PROMPT } from "../simulation/effects.ts";
import type { AgentLimits, ScriptedInput } from "../simulation/scripted-agent.ts";
import { MINUTE_MS, onStage, type Request, type Stage } from "../simulation/stage.ts";

const FAULTS = ["crash_before", "crash_after", "refuse", "lose_reply"] as const satisfies Fault[];
/** Before and after the successor has read the history, asked others to start, and been asked again. */
const LATE_MS = [1, 4, 7, 10, 15, 25, 40, 200, 15_000, 50_000] as const;
const RECOVERY_MINUTES = 15;
/** A flow is played once for each of its effects. A play that is cut short would spoil the next test's clock. */
const MAX_TEST_MS = 60_000;

const LIMITS: AgentLimits = {
  name: "agent",
  concurrency: 1,
  whenFull: "queue",
  maxQueued: 10,
  timeoutMs: 5 * MINUTE_MS,
  queueTtlMs: 4 * MINUTE_MS,
  retry: RetryPolicy.parse({ maxAttempts: 3, minDelayMs: 1_000, maxDelayMs: 2_000 }),
};

const INPUT: ScriptedInput = { mark: "flow", workMs: 1_000, deaf: false, script: ["complete"] };

function request(more: Partial<Request> = {}): Request {
  return { agentName: "agent", mode: "execute", input: INPUT, requestKey: "one", fingerprint: null, ...more };
}

interface Flow {
  /** Plays it from its beginning to where the clock alone takes it on. */
  play(stage: Stage): Promise<void>;
  limits?: Partial<AgentLimits>;
  losesWakes?: true;
  /** Everything that is asked of something outside, in order: a new effect makes someone look. */
  effects: readonly string[];
}

const FLOWS: Readonly<Record<string, Flow>> = {
  "a run for a caller who waits": {
    async play({ ask, time }) {
      ask(request());
      await time.advance(10_000);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "worker: finish",
      "coordinator: D1 batch",
    ],
  },
  "a request that its caller repeats under its Idempotency-Key": {
    async play({ ask, time }) {
      ask(request({ fingerprint: "same" }));
      await time.advance(5);
      ask(request({ fingerprint: "same" }));
      await time.advance(10_000);
      ask(request({ fingerprint: "same" }));
      ask(request({ fingerprint: "other" }));
      await time.advance(10_000);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "worker: begin",
      "coordinator: D1 batch",
      "coordinator: D1 first",
      "worker: finish",
      "coordinator: D1 batch",
      "worker: begin ×2",
      "coordinator: D1 batch",
      "coordinator: D1 first",
      "coordinator: D1 batch",
      "coordinator: D1 first",
    ],
  },
  "a run in the background": {
    async play({ ask, time }) {
      ask(request({ mode: "queue" }));
      await time.advance(10_000);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a run that outlives its first lease": {
    async play({ ask, time }) {
      ask(request({ input: { ...INPUT, workMs: 50_000 } }));
      await time.advance(MINUTE_MS);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "worker: heartbeat ×4",
      "coordinator: D1 batch",
      "worker: heartbeat ×4",
      "coordinator: D1 batch",
      "worker: heartbeat ×4",
      "coordinator: D1 batch",
      "worker: finish",
      "coordinator: D1 batch",
    ],
  },
  "a run that is tried again": {
    async play({ ask, time }) {
      ask(request({ input: { ...INPUT, script: ["throw", "complete"] } }));
      await time.advance(20_000);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "worker: finish",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a queued run that is cancelled": {
    async play({ ask, cancel, time, newestRunId }) {
      ask(request({ mode: "queue", delayMs: 30_000 }));
      await time.advance(5_000);
      cancel("agent", newestRunId() ?? 1);
      await time.advance(MINUTE_MS);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "worker: cancel",
      "coordinator: D1 batch",
      "consumer: claim",
    ],
  },
  "a running run that is cancelled": {
    async play({ ask, cancel, time, newestRunId }) {
      ask(request({ input: { ...INPUT, workMs: 30_000 } }));
      await time.advance(5_000);
      cancel("agent", newestRunId() ?? 1);
      await time.advance(MINUTE_MS);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "worker: heartbeat",
      "worker: cancel",
      "coordinator: D1 batch",
      "worker: heartbeat",
      "worker: finish",
      "coordinator: D1 batch",
    ],
  },
  "two callers who want one slot": {
    async play({ ask, time }) {
      ask(request({ input: { ...INPUT, workMs: 60_000 } }));
      await time.advance(4);
      ask(request({ requestKey: "two", input: { ...INPUT, workMs: 60_000 } }));
      await time.advance(3 * MINUTE_MS);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "worker: begin",
      "coordinator: D1 batch",
      "worker: heartbeat ×4",
      "coordinator: D1 batch",
      "worker: heartbeat ×4",
      "coordinator: D1 batch",
      "worker: heartbeat ×4",
      "coordinator: D1 batch",
      "worker: heartbeat ×2",
      "worker: finish",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "consumer: heartbeat ×2",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "two runs in the background that want one slot": {
    async play({ ask, time, world }) {
      ask(request({ mode: "queue", input: { ...INPUT, workMs: 30_000 } }));
      ask(request({ requestKey: "two", mode: "queue", input: { ...INPUT, workMs: 30_000 } }));
      await time.advance(3);
      for (let n = 0; n < 8; n++) {
        world.wake("agent");
        await time.advance(2);
      }
      await time.advance(2 * MINUTE_MS);
    },
    effects: [
      "worker: begin ×2",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "consumer: claim",
      "coordinator: send wake",
      "coordinator: D1 batch",
      "consumer: claim ×2",
      "coordinator: D1 batch",
      "consumer: claim ×6",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "consumer: heartbeat ×3",
      "consumer: finish",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "consumer: heartbeat ×3",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a run that displaces the oldest": {
    limits: { whenFull: "cancel_oldest" },
    async play({ ask, time }) {
      ask(request({ input: { ...INPUT, workMs: 20_000 } }));
      await time.advance(1_000);
      ask(request({ requestKey: "two" }));
      await time.advance(30_000);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "worker: begin",
      "coordinator: D1 batch ×2",
      "worker: heartbeat",
      "worker: finish",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a run whose executor vanishes": {
    async play({ ask, time, world }) {
      ask(request({ input: { ...INPUT, workMs: 2_000 } }));
      await time.advance(1_000);
      for (const actor of world.living()) actor.crash();
      await time.advance(2 * MINUTE_MS);
      await sweepAlong(world, time);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "cron: D1 all",
      "cron: sweep",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a run whose wake is lost": {
    losesWakes: true,
    async play({ ask, time, world }) {
      ask(request({ mode: "queue" }));
      await time.advance(MINUTE_MS);
      await sweepAlong(world, time);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "cron: D1 all",
      "cron: sweep",
      "coordinator: D1 all",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a run that waits for longer than it may": {
    limits: { queueTtlMs: 20_000 },
    async play({ ask, time, world }) {
      ask(request({ input: { ...INPUT, workMs: 90_000 } }));
      await time.advance(1_000);
      ask(request({ requestKey: "two" }));
      await time.advance(MINUTE_MS);
      await sweepAlong(world, time);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "worker: begin",
      "coordinator: D1 batch",
      "worker: heartbeat ×4",
      "coordinator: D1 batch",
      "worker: heartbeat ×4",
      "coordinator: D1 batch",
      "worker: heartbeat ×4",
      "coordinator: D1 batch",
      "worker: heartbeat ×3",
      "cron: D1 all",
      "cron: sweep",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "worker: heartbeat",
      "coordinator: D1 batch",
      "worker: heartbeat ×4",
      "coordinator: D1 batch",
      "worker: heartbeat ×2",
      "worker: finish",
      "coordinator: D1 batch",
    ],
  },
};

async function sweepAlong(world: Stage["world"], time: Stage["time"]): Promise<void> {
  void world.sweep();
  await time.advance(40_000);
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
    await flow.play(stage);
    recovering = true;
    await stage.drain(RECOVERY_MINUTES);
    await stage.probeSlots();
    return { met, verdict: stage.verdict(), rows: stage.rows() };
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

describe.for(Object.entries(FLOWS))("%s", ([, flow]) => {
  test("asks for exactly these effects, and keeps every guarantee", async () => {
    const { met, verdict } = await play(flow, null, {});
    expect(verdict).toEqual([]);
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
    "keeps every guarantee where the coordinator is gone when a write of its arrives",
    async () => {
      const { met } = await play(flow, null, {});
      const broken: Record<string, string[]> = {};
      for (const [point, effect] of met.entries()) {
        if (effect !== "coordinator: D1 batch") continue;
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
