import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { nowMs } from "../../src/clock.ts";
import { RunPolicy } from "../../src/contract/run-policy.ts";
import { createCoordinator } from "../../src/coordinator/coordinator.ts";
import type { Coordinator } from "../../src/coordinator/protocol.ts";
import type { Env } from "../../src/env.ts";
import { createMemory } from "../../src/executor/memory.ts";
import { migratedDatabase, sqliteD1 } from "../simulation/sqlite-d1.ts";
import { sqliteStorage } from "../simulation/sqlite-storage.ts";

/** An agent's coordinator that crashes, and loses requests and replies, as `next` says; its storage outlives it. */
function flakyCoordinator(next: (request: object) => "none" | "lose_request" | "lose_reply" | "crash") {
  const db = sqliteD1(migratedDatabase());
  const storage = sqliteStorage(new DatabaseSync(":memory:"));
  const made = () => {
    const wakes = { wake: () => {}, wakeWebhook: () => {}, tell: () => {} };
    const dice = { randomKey: () => crypto.randomUUID(), randomFraction: () => 0 };
    const budgets = { timezone: "UTC", runReserveMicrousd: 10_000 };
    return createCoordinator({ agentName: "agent", db, storage, budgets, nowMs, ...dice, ...wakes });
  };
  let coordinator = made();
  const memory: Coordinator["memory"] = async (request) => {
    const fault = next(request);
    if (fault === "lose_request") throw new Error("the request was lost");
    const outcome = await coordinator.memory(structuredClone(request));
    if (fault === "none") return outcome;
    if (fault === "crash") coordinator = made();
    throw new Error("the reply was lost");
  };
  const env = { COORDINATOR: { getByName: () => ({ memory }) } } as unknown as Env;
  return { env, begin: (leaseKey: string) => begin(coordinator, leaseKey) };
}

async function begin(coordinator: Coordinator, leaseKey: string) {
  const outcome = await coordinator.begin({
    requestKey: leaseKey,
    fingerprint: null,
    leaseKey,
    mode: "execute",
    agentVersion: 0,
    framework: "code",
    inputJson: "{}",
    policy: { ...RunPolicy.parse({}), concurrency: 100 },
    trigger: "api",
    replayOf: null,
    whenFull: "reject",
    maxQueued: 0,
    priority: 0,
    availableAtMs: null,
  });
  if (!outcome.ok || outcome.kind !== "started") throw new Error("it did not start");
  return { runId: outcome.runId, attempt: outcome.attempt, leaseKey };
}

const never = new AbortController().signal;

test.for(["lose_request", "lose_reply", "crash"] as const)(
  "of 40 updates at once none is lost and none is made twice where calls meet the fault %s, twice each",
  { timeout: 30_000 },
  async (fault) => {
    const tries = new WeakMap<object, number>();
    let requests = 0;
    const { env, begin } = flakyCoordinator((request) => {
      const tried = tries.get(request) ?? (++requests % 3 === 0 ? 0 : 2);
      tries.set(request, tried + 1);
      return tried < 2 ? fault : "none";
    });
    const holders = await Promise.all(Array.from({ length: 10 }, (_, n) => begin(`executor ${n}`)));
    const memories = holders.map((holder) => createMemory("agent", holder, env, () => never));
    const seen = await Promise.all(
      Array.from({ length: 40 }, (_, n) => memories[n % 10]?.update("count", (value) => Number(value ?? 0) + 1)),
    );
    expect(seen.map((made) => made?.value).toSorted((a = 0, b = 0) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, n) => n + 1),
    );
    expect(await memories[0]?.get("count")).toMatchObject({ value: 40 });
  },
);

test("an update whose every reply but the last is lost is made once", async () => {
  const faults = ["none", "lose_reply", "crash", "none"] as const;
  let calls = 0;
  const { env, begin } = flakyCoordinator(() => faults[calls++] ?? "none");
  const memory = createMemory("agent", await begin("mine"), env, () => never);
  expect(await memory.update("count", (value) => Number(value ?? 0) + 1)).toMatchObject({ value: 1 });
  expect(calls).toBe(4);
  expect(await memory.get("count")).toMatchObject({ value: 1 });
});
