import * as z from "zod";
import { MAX_BODY_BYTES, MAX_JSON_DEPTH } from "../contract/limits.ts";
import type { ProblemCode } from "../contract/problems.ts";
import type { Role } from "../contract/roles.ts";
import { isNestedDeeper } from "../core/json-depth.ts";
import { requireRole } from "./access.ts";
import { answerJson } from "./answers.ts";
import type { AppContext } from "./app-context.ts";
import { audited } from "./audited.ts";
import { invalid, invalidFields, ProblemError } from "./problems.ts";
import { tellOfChange } from "./tell-change.ts";

/** What stands in a path, e.g. `{name}`. What cannot name anything is answered like what names nothing. */
export interface PathParams<Schema extends z.ZodObject> {
  schema: Schema;
  absent: ProblemCode;
}

/** Who may call a route: those with a role, or a greater one. `own`: `admit` judges a credential of the route's own. */
export type Access = "public" | "own" | Role;

/** The least role that a route needs, or null where it asks for none. */
export function leastRole({ access }: Pick<Route, "access">): Role | null {
  return access === "public" || access === "own" ? null : access;
}

/** What a viewer may do changes nothing, whatever its method. */
export function isAudited(route: Route): boolean {
  const least = leastRole(route);
  return route.method !== "GET" && route.audit !== "none" && least !== null && least !== "viewer";
}

export type AnswerStatus = 200 | 201 | 202 | 503;

export interface Reply<Body> {
  body: Body;
  status?: AnswerStatus;
  headers?: Record<string, string>;
}

/** What a route sends to a caller who asks for `text/event-stream`. */
export interface StreamSpec {
  description: string;
  /** Where it can be gone on with: what `Last-Event-ID` means, and a 204. */
  resume?: { header: string; nothingLeft: string };
}

interface RouteSpec<
  Path extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** An OpenAPI path template. */
  path: `/api/${string}`;
  tag: string;
  summary: string;
  description?: string;
  access: Access;
  /** `none`: what it does is recorded elsewhere. Whatever else an operator or admin does is in the record of changes. */
  audit?: "none";
  pathParams?: PathParams<Path>;
  query?: Query;
  /** JSON. A request without a body is taken as `{}`, but for PUT: nobody replaces something by nothing unawares. */
  body?: Body;
  answer: Answer;
  /** The statuses that come with `answer`; 200 alone unless said. */
  answerStatuses?: readonly AnswerStatus[];
  /** It hears `If-Match` and `If-None-Match`: see entity-tag.ts. */
  conditional?: true;
  /** With it, `handle` may answer a stream of server-sent events. */
  stream?: StreamSpec;
  /** Of a route with a credential of its own: throws where it is not given, before anything is said of the body. */
  admit?(path: z.output<Path>, c: AppContext): Promise<void>;
  /** Problems beyond those that any route of its kind can answer. */
  problems: readonly ProblemCode[];
  handle(
    input: { path: z.output<Path>; query: z.output<Query>; body: z.output<Body> },
    c: AppContext,
  ): Promise<Reply<z.input<Answer>> | Response>;
}

/** A route as the application holds it: one declaration that routes, validates and documents. */
export type Route = RouteSpec<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>;

const NoQuery = z.strictObject({});

export function defineRoute<
  Answer extends z.ZodType,
  Path extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodUnknown,
>(spec: RouteSpec<Path, Query, Body, Answer>): Route {
  return spec as unknown as Route;
}

/** Validates a request against its route, once, and hands it over. */
export async function serve(route: Route, c: AppContext): Promise<Response> {
  const least = leastRole(route);
  if (least !== null) requireRole(c, least);
  const path = parsePath(route, c);
  await route.admit?.(path, c);
  const query = parseQuery(route, c);
  const body = route.body === undefined ? undefined : await parseBody(route.body, c, route.method);
  const handle = () => route.handle({ path, query, body }, c);
  const reply = isAudited(route) ? await audited(`${route.method} ${route.path}`, c, handle) : await handle();
  if (isAudited(route)) tellOfChange(c, route);
  const vary = route.stream === undefined ? {} : { Vary: "Accept" };
  if (!(reply instanceof Response)) {
    return answerJson(c, reply.body, { status: reply.status ?? 200, headers: { ...vary, ...reply.headers } });
  }
  for (const [name, value] of Object.entries(vary)) reply.headers.append(name, value);
  return reply;
}

function parsePath(route: Route, c: AppContext): Record<string, unknown> {
  if (route.pathParams === undefined) return {};
  const given = c.req.param() as Record<string, string>;
  const parsed = route.pathParams.schema.safeParse(given);
  if (parsed.success && !notInDigits(parsed.data, given)) return parsed.data;
  // What is to be made by PUT has a name to be mended; of anything else there is nothing under such a name.
  if (!parsed.success && route.method === "PUT") throw invalid("invalid_request", parsed.error, ["path"]);
  throw new ProblemError({ code: route.pathParams.absent, detail: `There is nothing at ${c.req.path}.` });
}

function parseQuery(route: Route, c: AppContext): Record<string, unknown> {
  const given = c.req.queries();
  for (const [name, values] of Object.entries(given)) {
    if (values.length > 1) {
      throw new ProblemError({ code: "invalid_request", detail: `query.${name}: given ${values.length} times` });
    }
  }
  const parsed = (route.query ?? NoQuery).safeParse(c.req.query());
  if (!parsed.success) throw invalid("invalid_request", parsed.error, ["query"]);
  const field = notInDigits(parsed.data, c.req.query());
  if (field !== undefined) throw invalidFields([{ field: `query.${field}`, reason: "must be a number in digits" }]);
  return parsed.data;
}

/** The first number that is written in a way of its own, like `0x10`, `1e3` or `007`. */
function notInDigits(parsed: Record<string, unknown>, given: Record<string, string>): string | undefined {
  return Object.keys(given).find((name) => typeof parsed[name] === "number" && String(parsed[name]) !== given[name]);
}

async function parseBody(schema: z.ZodType, c: AppContext, method: Route["method"]): Promise<unknown> {
  const bytes = await c.req.arrayBuffer();
  if (bytes.byteLength > 0) requireJsonMediaType(c);
  else if (method === "PUT") throw invalidFields([{ field: "body", reason: "expected JSON, got nothing" }]);
  const parsed = schema.safeParse(bytes.byteLength === 0 ? {} : parseJson(bytes));
  if (!parsed.success) throw invalid("invalid_request", parsed.error);
  return parsed.data;
}

function requireJsonMediaType(c: AppContext): void {
  const mediaType = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType === "application/json" || mediaType?.endsWith("+json")) return;
  throw new ProblemError(
    {
      code: "unsupported_media_type",
      detail: `Send the body as Content-Type: application/json, not ${mediaType ?? "without a Content-Type"}.`,
    },
    { headers: { Accept: "application/json" } },
  );
}

const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

function parseJson(bytes: ArrayBuffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(UTF_8.decode(bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProblemError({ code: "invalid_json", detail: `The body is not JSON: ${reason}` });
  }
  if (bytes.byteLength <= MAX_JSON_DEPTH || !isNestedDeeper(value, MAX_JSON_DEPTH)) return value;
  throw invalidFields([{ field: "body", reason: `is nested more than ${MAX_JSON_DEPTH} levels deep` }]);
}

/** For hono/body-limit. */
export function refuseLargeBody(): never {
  throw new ProblemError({ code: "body_too_large", detail: `The body is over ${MAX_BODY_BYTES} bytes.` });
}
