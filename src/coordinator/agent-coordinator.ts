import { DurableObject } from "cloudflare:workers";
import { nowMs } from "../clock.ts";
import type { Env } from "../env.ts";
import { randomFraction, randomKey } from "../random.ts";
import { createCoordinator } from "./coordinator.ts";
import type { BeginRequest, Coordinator, FinishRequest } from "./protocol.ts";

/** One object per agent, named after it. Wiring only: what it does is in coordinator.ts. */
export class AgentCoordinator extends DurableObject<Env> implements Coordinator {
  readonly #coordinator: Coordinator;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const agentName = ctx.id.name;
    if (agentName === undefined) throw new Error("a coordinator is addressed by its agent's name");
    this.#coordinator = createCoordinator({ agentName, db: env.DB, nowMs, randomKey, randomFraction });
  }

  begin(request: BeginRequest) {
    return this.#coordinator.begin(request);
  }

  finish(request: FinishRequest) {
    return this.#coordinator.finish(request);
  }

  closeExpired() {
    return this.#coordinator.closeExpired();
  }
}
