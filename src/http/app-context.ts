import type { Context } from "hono";
import type { Registry } from "../agents/registry.ts";
import type { Config, Env } from "../env.ts";

export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    config: Config;
    registry: Registry;
    /** Whether the request may read and write. */
    authorized: boolean;
  };
}

export type AppContext = Context<AppEnv>;
