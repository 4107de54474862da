import { DurableObject } from "cloudflare:workers";
import { nowMs } from "../clock.ts";
import { budgetDefaults, type Env, readConfig } from "../env.ts";
import { randomFraction, randomKey } from "../random.ts";
import { publish } from "../stream/client.ts";
import { createCoordinator } from "./coordinator.ts";
import type {
  BeginRequest,
  ConfigureRequest,
  Coordinator,
  FinishRequest,
  HandOverRequest,
  HeartbeatRequest,
  MemoryRequest,
} from "./protocol.ts";
import { createTeller } from "./teller.ts";
import { sendWake, sendWebhookWake } from "./wake.ts";

/** One object per agent, named after it. Wiring only: what it does is in coordinator.ts. */
export class AgentCoordinator extends DurableObject<Env> implements Coordinator {
  readonly #coordinator: Coordinator;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const agentName = ctx.id.name;
    if (agentName === undefined) throw new Error("a coordinator is addressed by its agent's name");
    this.#coordinator = createCoordinator({
      agentName,
      db: env.DB,
      storage: ctx.storage,
      nowMs,
      randomKey,
      randomFraction,
      budgets: budgetDefaults(readConfig(env)),
      wake: (delayMs) => ctx.waitUntil(sendWake(env.RUN_QUEUE, agentName, delayMs)),
      wakeWebhook: (told) => ctx.waitUntil(sendWebhookWake(env.RUN_QUEUE, told, 0)),
      tell: createTeller({
        publish: (events, more) => publish(env.STREAM, events, more),
        waitUntil: (work) => ctx.waitUntil(work),
      }),
    });
  }

  begin(request: BeginRequest) {
    return this.#coordinator.begin(request);
  }

  claim(request: { leaseKey: string }) {
    return this.#coordinator.claim(request);
  }

  heartbeat(request: HeartbeatRequest) {
    return this.#coordinator.heartbeat(request);
  }

  finish(request: FinishRequest) {
    return this.#coordinator.finish(request);
  }

  handOver(request: HandOverRequest) {
    return this.#coordinator.handOver(request);
  }

  cancel(request: { runId: number }) {
    return this.#coordinator.cancel(request);
  }

  configure(request: ConfigureRequest) {
    return this.#coordinator.configure(request);
  }

  memory(request: MemoryRequest) {
    return this.#coordinator.memory(request);
  }

  sweep() {
    return this.#coordinator.sweep();
  }
}
