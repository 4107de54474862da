import type { Context } from "hono";
import type { Registry } from "../agents/registry.ts";
import type { Role } from "../contract/roles.ts";
import type { Session } from "../contract/session.ts";
import type { Config, Env } from "../env.ts";
import type { Change } from "./audited.ts";

/** Who sent a request, and what they may do. */
export interface Caller {
  /** As the record of a change names them. */
  name: string;
  role: Role;
  /** Of `session` and `access` a browser sends the proof along by itself, whoever wrote the page that asks. */
  via: Session["via"];
  /** Null: of no stored token. */
  tokenId: number | null;
  /** Null: as the service has it. */
  requestsPerMinute: number | null;
  /** When what they are known by opens nothing any more; null: no such time is set. */
  expiresAtMs: number | null;
}

export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    arrivedAtMs: number;
    config: Config;
    registry: Registry;
    /** Null: nobody that we know. */
    caller: Caller | null;
    /** What the request changed, where it says so: see audited.ts. */
    change?: Change;
  };
}

export type AppContext = Context<AppEnv>;
