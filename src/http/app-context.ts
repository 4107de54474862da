import type { Context } from "hono";
import type { Registry } from "../agents/registry.ts";
import type { Role } from "../contract/roles.ts";
import type { Config, Env } from "../env.ts";

/** Who sent a request, and what they may do. */
export interface Caller {
  /** As the record of a change names them. */
  name: string;
  role: Role;
}

export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    config: Config;
    registry: Registry;
    /** Null: nobody that we know. */
    caller: Caller | null;
  };
}

export type AppContext = Context<AppEnv>;
