import * as z from "zod";
import { DEFAULT_RUN_RESERVE_USD } from "./contract/limits.ts";
import { Role } from "./contract/roles.ts";
import { isTimezone } from "./contract/timezone-name.ts";
import type { AgentCoordinator } from "./coordinator/agent-coordinator.ts";
import type { Wake } from "./coordinator/wake.ts";
import { usdToMicrousd } from "./core/money.ts";
import type { BudgetDefaults } from "./core/reserve.ts";
import type { RequestCounter } from "./rate-limit/request-counter.ts";
import type { Ticker } from "./scheduler/ticker.ts";
import type { StreamHub } from "./stream/hub.ts";

/** The Worker's bindings, as wrangler.toml names them. */
export interface Env {
  DB: D1Database;
  COORDINATOR: DurableObjectNamespace<AgentCoordinator>;
  TICKER: DurableObjectNamespace<Ticker>;
  STREAM: DurableObjectNamespace<StreamHub>;
  REQUEST_COUNTER: DurableObjectNamespace<RequestCounter>;
  /** Coarse, of everybody who calls: requests a minute in one location. */
  CALLER_RATE: RateLimit;
  /** Coarse, of an address that comes with tokens which open nothing. */
  STRANGER_RATE: RateLimit;
  ASSETS: Fetcher;
  RUN_QUEUE: Queue<Wake>;
  /** Secret: the Bearer token that may do everything. */
  ADMIN_TOKEN?: string;
  /** "true" opens the API without a token to requests addressed to a loopback host, and to no other. */
  LOCAL_OPEN?: string;
  /** How many requests a minute a caller may make whose token says nothing else. Without it they are not counted. */
  REQUESTS_PER_MINUTE?: string;
  /** The team of Cloudflare Access that stands before this service, like `team.cloudflareaccess.com`: see ACCESS_AUD. */
  ACCESS_TEAM_DOMAIN?: string;
  /** The application's audience tag. With both, whom Access lets in has a role here. */
  ACCESS_AUD?: string;
  /** Roles of those whom Access lets in, `ann@example.com=admin, *@example.com=operator`. Who is not named is a viewer. */
  ACCESS_ROLES?: string;
  /** Origins that browsers may call from, separated by commas. */
  CORS_ORIGINS?: string;
  /** Runs that ended longer ago are deleted. Without it all are kept. */
  RETENTION_DAYS?: string;
  /**
   * Where this service is reached, `https://agents.example.com`. Runs that no request asked for, those of jobs, know
   * it by nothing else: without it a remote agent that a job starts cannot complete its run later.
   */
  PUBLIC_URL?: string;
  /** What `scanner` scans when a run names no targets: URLs, separated by commas. */
  SCANNER_TARGETS?: string;
  /** "true" lets `scanner` fetch private and loopback addresses. */
  SCANNER_ALLOW_PRIVATE?: string;
  /** Secret: what webhooks are signed with, `whsec_<base64 of at least 24 random bytes>`. Without it none is accepted. */
  WEBHOOK_SECRET?: string;
  /** "true" lets webhooks go to private and loopback addresses. */
  WEBHOOK_ALLOW_PRIVATE?: string;
  /** Secret: what requests to `http` agents are signed with, like WEBHOOK_SECRET. Without it their runs fail. */
  HTTP_AGENT_SECRET?: string;
  /** "true" lets `http` agents be at private and loopback addresses. */
  HTTP_AGENT_ALLOW_PRIVATE?: string;
  /**
   * What `assistant` runs on: a model of Workers AI (`@cf/…`), or else of an OpenAI-compatible provider, whose key is
   * the secret OPENAI_API_KEY.
   */
  ASSISTANT_MODEL?: string;
  ASSISTANT_BASE_URL?: string;
  /** What sums up a `digest`: a model as above. Default ASSISTANT_MODEL; without either it does without. */
  DIGEST_MODEL?: string;
  /** JSON: `{"<model>": {"inputUsd": 1, "outputUsd": 2}}`, US dollars for a million tokens. */
  MODEL_PRICES?: string;
  /** "true" lets the models of `llm` agents be at private and loopback addresses. */
  LLM_ALLOW_PRIVATE?: string;
  /** Workers AI, where wrangler.toml binds it. */
  AI?: Ai;
  /** By whose midnight the days and months of budgets begin: an IANA timezone. Default UTC. */
  BUDGET_TIMEZONE?: string;
  /** In US dollars: what is reserved of a budget for a run of an agent whose own budget says no `max_run_usd`. */
  BUDGET_RUN_RESERVE_USD?: string;
}

const Flag = z
  .enum(["true", "false", ""])
  .default("false")
  .transform((value) => value === "true");

const List = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  );

const Days = z
  .string()
  .default("")
  .refine((text) => /^([1-9]\d{0,4})?$/.test(text), "must be a whole number of days, at least 1")
  .transform((text) => (text === "" ? null : Number(text)));

const Timezone = z
  .string()
  .default("")
  .transform((name) => name || "UTC")
  .refine(isTimezone, "must be an IANA timezone, like Europe/Berlin");

const RunReserveUsd = z
  .string()
  .default("")
  .refine((text) => /^(\d{1,6}(\.\d{1,6})?)?$/.test(text), "must be an amount of US dollars, like 0.05")
  .transform((text) => (text === "" ? DEFAULT_RUN_RESERVE_USD : Number(text)));

const RequestsPerMinute = z
  .string()
  .default("")
  .refine((text) => /^([1-9]\d{0,5})?$/.test(text), "must be a whole number of requests, at least 1")
  .transform((text) => (text === "" ? null : Number(text)));

const TeamDomain = z
  .string()
  .default("")
  .refine((text) => /^([a-z0-9-]+(\.[a-z0-9-]+)+)?$/.test(text), "must be a host name, like team.cloudflareaccess.com");

const AccessRoles = List.transform((items) => items.map((item) => item.split("=").map((part) => part.trim())))
  .pipe(z.array(z.tuple([z.string().min(1).toLowerCase(), Role], "must be like ann@example.com=admin")))
  .transform((entries) => new Map(entries));

const Origin = z
  .string()
  .default("")
  .refine((text) => text === "" || isOrigin(text), "must be an origin, like https://agents.example.com")
  .transform((text) => (text === "" ? "" : new URL(text).origin));

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
}

const Price = z.strictObject({ inputUsd: z.number().min(0), outputUsd: z.number().min(0) });

const Prices = z
  .string()
  .default("")
  .transform((text, context) => {
    const prices = z.record(z.string(), Price).safeParse(parsedJson(text === "" ? "{}" : text));
    if (prices.success) return prices.data;
    context.addIssue('must be JSON like {"a-model": {"inputUsd": 1, "outputUsd": 2}}');
    return z.NEVER;
  });

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const Config = z
  .object({
    ADMIN_TOKEN: z.string().default(""),
    LOCAL_OPEN: Flag,
    CORS_ORIGINS: List,
    RETENTION_DAYS: Days,
    PUBLIC_URL: Origin,
    MODEL_PRICES: Prices,
    BUDGET_TIMEZONE: Timezone,
    BUDGET_RUN_RESERVE_USD: RunReserveUsd,
    REQUESTS_PER_MINUTE: RequestsPerMinute,
    ACCESS_TEAM_DOMAIN: TeamDomain,
    ACCESS_AUD: z.string().default(""),
    ACCESS_ROLES: AccessRoles,
  })
  .refine((config) => (config.ACCESS_TEAM_DOMAIN === "") === (config.ACCESS_AUD === ""), {
    path: ["ACCESS_AUD"],
    error: "must be set together with ACCESS_TEAM_DOMAIN",
  });
export type Config = z.infer<typeof Config>;

/** What the service is configured to do. Throws, naming the variable, where one cannot be understood. */
export function readConfig(env: Env): Config {
  let config = configs.get(env);
  if (config === undefined) {
    config = Config.parse(env);
    configs.set(env, config);
  }
  return config;
}

/** What of budgets that do not say, in the terms of those who reserve. */
export function budgetDefaults(config: Config): BudgetDefaults {
  return { timezone: config.BUDGET_TIMEZONE, runReserveMicrousd: usdToMicrousd(config.BUDGET_RUN_RESERVE_USD) };
}

/** An isolate's environment never changes, and is the same object for every request of it. */
const configs = new WeakMap<Env, Config>();
