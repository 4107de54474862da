import { type Flow, INPUT, proveFlows } from "../simulation/crash-flows.ts";
import { MINUTE_MS, type Stage } from "../simulation/stage.ts";

const AT_LENGTH = { ...INPUT, workMs: 80_000 };

const FLOWS: Readonly<Record<string, Flow>> = {
  "a slot whose clock ticks": {
    jobs: { job: { max_fires: 1 } },
    async play({ time, world }) {
      await time.advance(MINUTE_MS + 100);
      void world.tick("cron");
      await time.advance(5_000);
    },
    slots: ["fired"],
    slotsAnyhow: true,
    effects: [
      "cron: D1 batch",
      "cron: D1 all ×2",
      "cron: D1 batch",
      "cron: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "cron: D1 all",
      "consumer: claim",
      "coordinator: D1 batch",
      "cron: D1 all",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a slot that both clocks tick for at once": {
    jobs: { job: { max_fires: 1 } },
    async play({ time, world }) {
      await time.advance(MINUTE_MS + 100);
      void world.tick("cron");
      void world.tick("ticker");
      await time.advance(5_000);
    },
    slots: ["fired"],
    slotsAnyhow: true,
    effects: [
      "cron: D1 batch",
      "ticker: D1 batch",
      "cron: D1 all",
      "ticker: D1 all",
      "cron: D1 all",
      "ticker: D1 all",
      "cron: D1 batch",
      "ticker: D1 batch",
      "cron: begin",
      "ticker: D1 all",
      "coordinator: D1 all",
      "ticker: D1 all",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "cron: D1 all",
      "consumer: claim",
      "coordinator: D1 batch",
      "cron: D1 all",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a slot that two messages are about, the second while the first is at work": {
    jobs: { job: { max_fires: 1 } },
    async play({ time, world }) {
      await time.advance(MINUTE_MS + 100);
      world.wakeForJobs(["job"]);
      await time.advance(4);
      world.wakeForJobs(["job"]);
      await time.advance(5_000);
    },
    slots: ["fired"],
    slotsAnyhow: true,
    effects: [
      "worker: send wake",
      "consumer: D1 all",
      "consumer: D1 batch",
      "worker: send wake",
      "consumer: begin",
      "consumer: D1 all",
      "coordinator: D1 all",
      "consumer: D1 all",
      "coordinator: D1 batch",
      "consumer: D1 all",
      "coordinator: send wake",
      "consumer: D1 all",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: D1 all",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a promise that nobody has kept": {
    jobs: { job: { max_fires: 1 } },
    async play({ time, world }) {
      await time.advance(MINUTE_MS + 100);
      void world.tick("cron");
      await time.advance(7); // the slot is recorded, and its run is not begun
      for (const actor of world.living()) actor.crash();
      await time.advance(15_000);
      void world.tick("ticker");
      await time.advance(5_000);
    },
    slots: ["fired"],
    slotsAnyhow: true,
    effects: [
      "cron: D1 batch",
      "cron: D1 all ×2",
      "cron: D1 batch",
      "ticker: D1 batch",
      "ticker: D1 all ×4",
      "ticker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a slot that its agent has no room for yet": {
    jobs: { job: { max_fires: 1 } },
    limits: { maxQueued: 1 },
    async play({ ask, time, world }) {
      ask(longRequest("one"));
      ask(longRequest("two"));
      await time.advance(MINUTE_MS + 100);
      void world.tick("cron");
      await time.advance(MINUTE_MS);
      void world.tick("ticker");
      await time.advance(5_000);
    },
    slots: ["fired"],
    effects: [
      "worker: begin ×2",
      "coordinator: D1 all",
      "coordinator: D1 batch ×2",
      "worker: heartbeat ×4",
      "coordinator: D1 batch",
      "worker: heartbeat ×4",
      "coordinator: D1 batch",
      "worker: heartbeat ×4",
      "coordinator: D1 batch",
      "worker: heartbeat ×3",
      "cron: D1 batch",
      "cron: D1 all ×2",
      "cron: D1 batch",
      "cron: begin",
      "cron: D1 run",
      "cron: D1 all ×2",
      "worker: heartbeat",
      "coordinator: D1 batch",
      "worker: heartbeat ×3",
      "worker: finish",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "consumer: heartbeat ×2",
      "ticker: D1 batch",
      "ticker: D1 all ×4",
      "ticker: begin",
      "coordinator: D1 batch",
      "consumer: heartbeat",
    ],
  },
  "a slot that waits for the run before it": {
    jobs: { job: { max_fires: 2, overlap: "buffer_one", coalesce: false, params: { ...AT_LENGTH } } },
    async play({ time, world }) {
      await tickAt(MINUTE_MS + 100, world, time);
      await tickAt(MINUTE_MS, world, time);
      await tickAt(MINUTE_MS, world, time);
    },
    slots: ["fired", "fired"],
    slotsAnyhow: true,
    effects: [
      "cron: D1 batch",
      "cron: D1 all ×2",
      "cron: D1 batch",
      "cron: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "cron: D1 all",
      "consumer: claim",
      "coordinator: D1 batch",
      "cron: D1 all",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "cron: D1 batch",
      "cron: D1 all ×2",
      "cron: D1 batch",
      "cron: D1 all ×3",
      "consumer: heartbeat ×3",
      "consumer: finish",
      "coordinator: D1 batch",
      "cron: D1 batch",
      "cron: D1 all ×4",
      "cron: begin",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "cron: D1 all",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: heartbeat",
    ],
  },
  "a slot that cancels the run before it": {
    jobs: { job: { max_fires: 2, overlap: "cancel_other", params: { ...AT_LENGTH } } },
    async play({ time, world }) {
      await tickAt(MINUTE_MS + 100, world, time);
      await tickAt(MINUTE_MS, world, time);
      await tickAt(10_000, world, time);
    },
    slots: ["fired", "fired"],
    effects: [
      "cron: D1 batch",
      "cron: D1 all ×2",
      "cron: D1 batch",
      "cron: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "cron: D1 all",
      "consumer: claim",
      "coordinator: D1 batch",
      "cron: D1 all",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "consumer: heartbeat ×4",
      "coordinator: D1 batch",
      "cron: D1 batch",
      "cron: D1 all ×2",
      "cron: D1 batch",
      "cron: D1 all ×2",
      "cron: cancel",
      "coordinator: D1 batch",
      "cron: D1 all ×2",
      "consumer: heartbeat",
      "consumer: finish",
      "coordinator: D1 batch",
      "cron: D1 batch",
      "cron: D1 all ×4",
      "cron: begin",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "cron: D1 all",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: heartbeat",
    ],
  },
  "slots that nobody came to in time": {
    jobs: { job: { end_at: "2026-11-23T23:05:00Z", misfire_grace_s: 90 } },
    async play({ time, world }) {
      await tickAt(5 * MINUTE_MS + 100, world, time);
    },
    slots: ["missed", "missed", "missed", "coalesced", "fired"],
    effects: [
      "cron: D1 batch",
      "cron: D1 all ×2",
      "cron: D1 batch",
      "cron: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "cron: D1 all",
      "consumer: claim",
      "coordinator: D1 batch",
      "cron: D1 all",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a job that is fired on demand": {
    jobs: { job: { max_fires: 1 } },
    async play({ callForJob, time, world }) {
      await time.advance(1_000);
      void callForJob({ action: "trigger", jobId: "job" });
      await time.advance(MINUTE_MS);
      void world.tick("cron");
      await time.advance(5_000);
    },
    slots: ["fired", "fired"],
    effects: [
      "worker: D1 first ×2",
      "worker: D1 batch",
      "worker: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "worker: D1 first",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: finish",
      "coordinator: D1 batch",
      "cron: D1 batch",
      "cron: D1 all ×2",
      "cron: D1 batch",
      "cron: begin",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "cron: D1 all",
      "consumer: claim",
      "coordinator: D1 batch",
      "cron: D1 all",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "slots that are backfilled": {
    jobs: { job: { end_at: "2026-11-23T23:04:00Z", misfire_grace_s: 30 } },
    async play({ callForJob, time, world }) {
      await tickAt(4 * MINUTE_MS + 100, world, time);
      const body = { from: "2026-11-23T22:59:00Z", to: "2026-11-23T23:04:00Z" };
      void callForJob({ action: "backfill", jobId: "job", body });
      await time.advance(10_000);
    },
    slots: ["fired", "fired", "fired", "fired", "fired", "fired"],
    effects: [
      "cron: D1 batch",
      "cron: D1 all ×2",
      "cron: D1 batch",
      "cron: begin",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "cron: D1 all",
      "consumer: claim",
      "coordinator: D1 batch",
      "cron: D1 all",
      "consumer: finish",
      "coordinator: D1 batch",
      "worker: D1 first",
      "worker: D1 all",
      "worker: begin ×5",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "coordinator: D1 batch",
      "consumer: claim",
      "coordinator: send wake ×4",
      "coordinator: D1 batch",
      "consumer: claim ×4",
      "consumer: finish",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: finish",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: finish",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: finish",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "consumer: claim",
      "coordinator: D1 batch",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a job that is paused while its clock ticks": {
    jobs: { job: { end_at: "2026-11-23T23:01:00Z" } },
    async play({ callForJob, time, world }) {
      await time.advance(MINUTE_MS + 100);
      void world.tick("cron");
      await time.advance(6);
      void callForJob({ action: "pause", jobId: "job" });
      await time.advance(5_000);
    },
    slots: ["fired"],
    effects: [
      "cron: D1 batch",
      "cron: D1 all ×2",
      "cron: D1 batch",
      "worker: D1 first",
      "cron: begin",
      "worker: D1 batch",
      "coordinator: D1 all",
      "worker: D1 first",
      "coordinator: D1 batch",
      "worker: D1 all",
      "coordinator: send wake",
      "cron: D1 all",
      "consumer: claim",
      "coordinator: D1 batch",
      "cron: D1 all",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
  "a job that is deleted while its clock ticks": {
    jobs: { job: { max_fires: 1 } },
    async play({ callForJob, time, world }) {
      await time.advance(MINUTE_MS + 100);
      void world.tick("cron");
      await time.advance(6);
      void callForJob({ action: "delete", jobId: "job" });
      await time.advance(5_000);
    },
    slots: ["fired"],
    effects: [
      "cron: D1 batch",
      "cron: D1 all ×2",
      "cron: D1 batch",
      "worker: D1 first",
      "cron: begin",
      "worker: D1 batch",
      "coordinator: D1 all",
      "coordinator: D1 batch",
      "coordinator: send wake",
      "cron: D1 all",
      "consumer: claim",
      "coordinator: D1 batch",
      "cron: D1 all",
      "consumer: finish",
      "coordinator: D1 batch",
    ],
  },
};

function longRequest(requestKey: string) {
  return { agentName: "agent", mode: "execute", input: AT_LENGTH, requestKey, fingerprint: null } as const;
}

async function tickAt(afterMs: number, world: Stage["world"], time: Stage["time"]): Promise<void> {
  await time.advance(afterMs);
  void world.tick("cron");
  await time.advance(5_000);
}

proveFlows(FLOWS);
