import * as z from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import { version } from "../../package.json";
import { PROBLEM_STATUS, type ProblemCode, ProblemDocument } from "../contract/problems.ts";
import { leastRole, type Route, type StreamSpec } from "./route.ts";

/** The OpenAPI 3.1 document of the routes, generated from the schemas that validate them. */
export function openApiDocument(routes: readonly Route[]) {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  }
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Agent Runs",
      version,
      description: "Runs agents on demand and keeps a history of their runs that can be trusted.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: [{ name: "Agents" }, { name: "Runs" }, { name: "Costs" }, { name: "Access" }, { name: "Service" }],
    paths,
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "__Host-agent_runs_session", description: SESSION },
      },
    },
  });
}

const SESSION = "Set by POST /api/session. What changes something also needs its `X-CSRF-Token`.";

function operation(route: Route): ZodOpenApiOperationObject {
  const stream = route.stream && { "text/event-stream": { schema: streamSchema(route.stream) } };
  const answer = { description: "OK", content: { "application/json": { schema: route.answer }, ...stream } };
  return {
    operationId: `${route.method.toLowerCase()}${route.path.replaceAll(/[/{}]+(\w?)/g, (_, letter) => letter.toUpperCase())}`,
    tags: [route.tag],
    summary: route.summary,
    ...describe(route),
    security: leastRole(route) === null ? [] : [{ token: [] }, { session: [] }],
    requestParams: {
      ...(route.pathParams === undefined ? {} : { path: route.pathParams.schema }),
      ...(route.query === undefined ? {} : { query: route.query }),
      ...(route.stream?.resume === undefined ? {} : { header: lastEventId(route.stream.resume.header) }),
      ...(route.conditional === undefined ? {} : { header: PRECONDITIONS }),
    },
    ...(route.body === undefined ? {} : { requestBody: { content: { "application/json": { schema: route.body } } } }),
    responses: {
      ...problemResponses(problemsOf(route)),
      ...Object.fromEntries((route.answerStatuses ?? [200]).map((status) => [status, answer])),
      ...(route.stream?.resume === undefined ? {} : { 204: { description: route.stream.resume.nothingLeft } }),
    },
  };
}

/** A document has no place of its own for the role that a Bearer token needs. */
function describe(route: Route): { description?: string } {
  const role = leastRole(route);
  const paragraphs = [route.description, role === null ? undefined : `Needs the role \`${role}\`.`];
  const description = paragraphs.filter((paragraph) => paragraph !== undefined).join("\n\n");
  return description === "" ? {} : { description };
}

/** A stream is text to OpenAPI 3.1, which has no word for the parts of one. */
function streamSchema({ description }: StreamSpec) {
  return { type: "string" as const, description, example: STREAM_EXAMPLE };
}

const STREAM_EXAMPLE = 'event: log\ndata: {"seq":1,"type":"log","message":"fetched", …}\nid: 1\n\n';

function lastEventId(description: string) {
  return z.object({ "Last-Event-ID": z.string().optional().meta({ description }) });
}

const PRECONDITIONS = z.object({
  "If-Match": z.string().optional().meta({
    description: "Do it only if the version is still the one of this `ETag`; `*`: only if there is one.",
    example: '"3"',
  }),
  "If-None-Match": z.string().optional().meta({ description: "`*`: only if there is none yet." }),
});

/** The problems of any route of its kind, and its own. */
function problemsOf(route: Route): Set<ProblemCode> {
  const ofToken = [
    "unauthorized",
    "insufficient_role",
    "rate_limited",
    ...(route.method === "GET" ? [] : (["csrf_refused"] as const)),
    "forbidden_origin",
    "not_configured",
    "storage_unavailable",
  ] as const;
  const ofBody = ["invalid_json", "body_too_large", "unsupported_media_type"] as const;
  return new Set([
    "invalid_request",
    "internal_error",
    ...(leastRole(route) === null ? [] : ofToken),
    ...(route.body === undefined ? [] : ofBody),
    ...(route.conditional === undefined ? [] : (["precondition_failed"] as const)),
    ...route.problems,
  ]);
}

function problemResponses(codes: Set<ProblemCode>): ZodOpenApiOperationObject["responses"] {
  const byStatus = Map.groupBy(codes, (code) => PROBLEM_STATUS[code]);
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [
      status,
      {
        description: ofStatus.map((code) => `\`${code}\``).join(", "),
        content: { "application/problem+json": { schema: ProblemDocument } },
      },
    ]),
  );
}
