import { AgentCoordinator as RealCoordinator } from "../src/coordinator/agent-coordinator.ts";
import type { Env } from "../src/env.ts";
import service from "../src/index.ts";
import { type D1Usage, meterDatabase, noUsage } from "./meter.ts";

/** The service with its real classes, each wrapped in a meter that `GET /bench/meter?agent=` reads and sets to zero. */

export interface MeterReading {
  /** What the Worker itself asked of D1. */
  worker: D1Usage;
  /** What the agent's coordinator asked of D1. */
  coordinator: D1Usage;
  /** How often each method of the coordinator was called: each is a request that the platform bills. */
  requests: Record<string, number>;
  /** How long at least one call was in the coordinator: the duration that the platform bills. */
  activeMs: number;
}

type CoordinatorReading = Omit<MeterReading, "worker">;

export class AgentCoordinator extends RealCoordinator {
  #usage: D1Usage;
  #requests: Record<string, number> = {};
  #inFlight = 0;
  #activeSinceMs = 0;
  #activeMs = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    const usage = noUsage();
    super(ctx, { ...env, DB: meterDatabase(env.DB, usage) });
    this.#usage = usage;
  }

  async benchMeter<Answer>(method: string, call: () => Promise<Answer>): Promise<Answer> {
    this.#requests[method] = (this.#requests[method] ?? 0) + 1;
    if (this.#inFlight++ === 0) this.#activeSinceMs = Date.now();
    try {
      return await call();
    } finally {
      if (--this.#inFlight === 0) this.#activeMs += Date.now() - this.#activeSinceMs;
    }
  }

  benchTakeReading(): CoordinatorReading {
    const reading = { coordinator: { ...this.#usage }, requests: this.#requests, activeMs: this.#activeMs };
    Object.assign(this.#usage, noUsage());
    this.#requests = {};
    this.#activeMs = 0;
    return reading;
  }
}

meterEveryMethod();

/** By name, so that a method which the coordinator gains later is metered too. */
function meterEveryMethod(): void {
  for (const name of Object.getOwnPropertyNames(RealCoordinator.prototype)) {
    const real: unknown = Reflect.get(RealCoordinator.prototype, name);
    if (name === "constructor" || typeof real !== "function") continue;
    Object.defineProperty(AgentCoordinator.prototype, name, {
      value(this: AgentCoordinator, ...args: unknown[]) {
        return this.benchMeter(name, () => real.apply(this, args) as Promise<unknown>);
      },
    });
  }
}

const workerUsage = noUsage();

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    if (url.pathname !== "/bench/meter") {
      return service.fetch(request, { ...env, DB: meterDatabase(env.DB, workerUsage) }, ctx);
    }
    const namespace = env.COORDINATOR as unknown as DurableObjectNamespace<AgentCoordinator>;
    const reading = await namespace.getByName(url.searchParams.get("agent") ?? "").benchTakeReading();
    const worker = { ...workerUsage };
    Object.assign(workerUsage, noUsage());
    return Response.json({ worker, ...reading } satisfies MeterReading);
  },
} satisfies ExportedHandler<Env>;
