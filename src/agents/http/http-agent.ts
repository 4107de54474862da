import * as z from "zod";
import { nowMs } from "../../clock.ts";
import type { HttpAgentRequest } from "../../contract/http-agent.ts";
import type { HttpConfig } from "../../contract/http-config.ts";
import type { FieldError } from "../../contract/problems.ts";
import type { Env } from "../../env.ts";
import { refuseAddress } from "../../net/address-policy.ts";
import { readUrl } from "../../net/read-url.ts";
import { signature, signingKey } from "../../webhooks/signature.ts";
import type { AgentBehaviour, AgentContext } from "../define-agent.ts";
import { NonRetryableError } from "../errors.ts";
import { handOver } from "../hand-over.ts";
import { complaintsAboutSchema, jsonSchemaType } from "../json-schema.ts";
import { readAnswer } from "./read-answer.ts";
import { sendRun } from "./send-run.ts";

/** An agent that is an HTTP endpoint: each attempt is one signed POST, and what it answers, at once or later. */
export function httpAgent(config: HttpConfig): AgentBehaviour {
  return {
    input: config.input_schema === undefined ? z.record(z.string(), z.unknown()) : jsonSchemaType(config.input_schema),
    output: config.output_schema === undefined ? z.unknown() : jsonSchemaType(config.output_schema),
    execute: (input, context) => execute(config, input, context),
  };
}

/** Why the service could not use it, field by field. */
export function complaintsAboutHttp(config: HttpConfig, env: Env): FieldError[] {
  const url = readUrl(config.url);
  const refusal = url instanceof URL ? addressPolicy(env)(url) : url;
  return [
    ...(refusal === null ? [] : [{ field: "http.url", reason: refusal }]),
    ...complaintsAboutSchema(config.input_schema, "http.input_schema"),
    ...complaintsAboutSchema(config.output_schema, "http.output_schema"),
  ];
}

async function execute(config: HttpConfig, params: unknown, context: AgentContext): Promise<unknown> {
  const completionDeadlineMs = nowMs() + config.completion_timeout_ms;
  const completion = await context.completion();
  const request: HttpAgentRequest = {
    run_id: context.runId,
    attempt: context.attempt,
    agent: context.agentName,
    params,
    deadline: new Date(context.deadlineMs).toISOString(),
    completion: completion === null ? null : { ...completion, deadline: new Date(completionDeadlineMs).toISOString() },
  };
  const body = JSON.stringify(request);
  const response = await sendRun(config.url, body, {
    headers: await signedHeaders(body, context),
    fetch: (url, init) => fetch(url, init),
    refuse: addressPolicy(context.env),
    signal: context.signal,
  });
  const answer = await readAnswer(response, context);
  if (answer.kind === "output") return answer.output;
  if (completion === null) {
    throw new NonRetryableError(
      "the remote agent answered 202, but could not be told where to complete the run: set PUBLIC_URL to where this service is reached",
    );
  }
  context.log("the remote agent took the run over", { until: request.completion?.deadline });
  return handOver(completionDeadlineMs);
}

/** Standard Webhooks 1.0.0: one id for each attempt, by which a receiver knows a request that comes twice. */
async function signedHeaders(body: string, { env, runId, attempt }: AgentContext): Promise<Record<string, string>> {
  const key = signingKey(env.HTTP_AGENT_SECRET);
  if (key === null) throw new Error("unreachable: completion() has asked for the secret");
  const id = `run_${runId}_${attempt}`;
  const timestampS = Math.floor(nowMs() / 1_000);
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestampS),
    "webhook-signature": await signature(key, { id, timestampS, body }),
  };
}

function addressPolicy(env: Env): (url: URL) => string | null {
  return env.HTTP_AGENT_ALLOW_PRIVATE === "true" ? () => null : refuseAddress;
}
