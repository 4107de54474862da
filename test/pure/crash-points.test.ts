import { type Flow, INPUT, proveFlows, request } from "../simulation/crash-flows.ts";
import { MINUTE_MS, type Stage } from "../simulation/stage.ts";

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
  "a run that logs": {
    async play({ ask, time }) {
      ask(request({ input: { ...INPUT, workMs: 8_000, lines: 4, script: ["throw", "complete"] } }));
      await time.advance(30_000);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "worker: heartbeat",
      "coordinator: D1 batch",
      "worker: heartbeat",
      "coordinator: D1 batch",
      "worker: heartbeat",
      "coordinator: D1 batch",
      "worker: heartbeat",
      "coordinator: D1 batch",
      "worker: finish",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: heartbeat",
      "coordinator: D1 batch",
      "consumer: heartbeat",
      "coordinator: D1 batch",
      "consumer: heartbeat",
      "coordinator: D1 batch",
      "consumer: heartbeat",
      "coordinator: D1 batch",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a run that is handed over, and completed by somebody outside": {
    async play({ ask, time }) {
      ask(request({ input: { ...INPUT, lines: 1, script: ["outside_completes"] } }));
      await time.advance(MINUTE_MS);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "worker: heartbeat",
      "worker: handOver",
      "coordinator: D1 batch",
      "worker: finish",
      "coordinator: D1 batch",
      "worker: finish ×3",
    ],
  },
  "a run that is handed over and forgotten, and tried again": {
    limits: { retry: { maxAttempts: 2, minDelayMs: 0, maxDelayMs: 0, factor: 1, on: ["timed_out", "interrupted"] } },
    async play({ ask, time, world }) {
      ask(request({ input: { ...INPUT, script: ["outside_forgets", "complete"] } }));
      await time.advance(65_000);
      await sweepAlong(world, time);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "worker: handOver",
      "coordinator: D1 batch",
      "cron: D1 all",
      "cron: sweep",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "coordinator: send wake ×2",
      "consumer: claim ×2",
      "coordinator: D1 batch",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a run that is handed over, and cancelled": {
    async play({ ask, cancel, time, newestRunId, world }) {
      ask(request({ input: { ...INPUT, script: ["outside_forgets"] } }));
      await time.advance(5_000);
      cancel("agent", newestRunId() ?? 1);
      await time.advance(1_000);
      await sweepAlong(world, time);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "worker: handOver",
      "coordinator: D1 batch",
      "worker: cancel",
      "coordinator: D1 batch",
      "cron: D1 all",
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
  "a run that waited for longer than it may, and whose turn it is": {
    limits: { queueTtlMs: 20_000 },
    async play({ ask, time, world }) {
      ask(request({ input: { ...INPUT, workMs: 30_000 } }));
      await time.advance(1_000);
      ask(request({ requestKey: "two" }));
      ask(request({ requestKey: "three" }));
      await time.advance(MINUTE_MS);
      world.wake("agent");
      world.wake("agent");
      await time.advance(1_000);
    },
    effects: [
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "worker: begin ×2",
      "coordinator: D1 batch ×2",
      "worker: heartbeat ×4",
      "coordinator: D1 batch",
      "worker: heartbeat ×3",
      "worker: finish",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "coordinator: D1 batch",
      "consumer: claim ×3",
    ],
  },
};

async function sweepAlong(world: Stage["world"], time: Stage["time"]): Promise<void> {
  void world.sweep();
  await time.advance(40_000);
}

proveFlows(FLOWS);
