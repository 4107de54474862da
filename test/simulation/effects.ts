import { sleep } from "../../src/clock.ts";
import { D1_DEADLINE_MS } from "../../src/contract/limits.ts";

/** Whoever can die: an object, a Worker, a queue consumer. Dead, it does and learns nothing any more. */
export interface Actor {
  kind: "coordinator" | "worker" | "consumer" | "cron" | "ticker";
  name: string;
  alive: boolean;
  crash(): void;
}

/** What an actor asks of something outside it. */
export interface Effect {
  actor: Actor;
  /** What it asks: `D1 batch`, `begin`, `send wake`. */
  name: string;
}

/**
 * `crash_before`: the actor dies and nothing is done. `crash_after`: it is done, and the actor dies before it learns.
 * `crash_on_the_way`: the actor dies once it has asked, and it is done all the same if it `outlivesSender`, after
 * `beforeMs`. `refuse`: nothing is done, and the actor is told. `lose_reply`: it is done, and the actor is told that it
 * failed.
 */
export type Fault = "none" | "crash_before" | "crash_on_the_way" | "crash_after" | "refuse" | "lose_reply";

export interface Plan {
  fault: Fault;
  /** How long the request and the reply are on their way. */
  beforeMs: number;
  afterMs: number;
  /** Whether a request on its way arrives although its sender died meanwhile. */
  outlivesSender: boolean;
}

export const PROMPT: Plan = { fault: "none", beforeMs: 1, afterMs: 1, outlivesSender: false };

/**
 * Performs an actor's effect as it is planned. What a dead actor waits for never comes. `late`: it is done after its
 * sender died or gave it up.
 */
export async function performAs<T>(
  actor: Actor,
  plan: Plan,
  work: (arrival: { late: boolean }) => T | Promise<T>,
): Promise<T> {
  if (!actor.alive) return forever();
  if (plan.fault === "crash_before") {
    actor.crash();
    return forever();
  }
  if (plan.fault === "crash_on_the_way") actor.crash();
  await sleep(plan.beforeMs);
  if (!actor.alive && !plan.outlivesSender) return forever();
  if (plan.fault === "refuse") throw new Error("planned refusal");
  const result = await work({ late: !actor.alive || plan.beforeMs >= D1_DEADLINE_MS });
  if (plan.fault === "crash_after") actor.crash();
  await sleep(plan.afterMs);
  if (!actor.alive) return forever();
  if (plan.fault === "lose_reply") throw new Error("planned loss of the reply");
  return result;
}

function forever(): Promise<never> {
  return new Promise(() => {});
}
