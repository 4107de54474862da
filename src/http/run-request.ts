import type * as z from "zod";
import type { Agent } from "../agents/define-agent.ts";
import { nowMs } from "../clock.ts";
import { LEASE_MS, MAX_DELAY_S, MAX_WAIT_S } from "../contract/limits.ts";
import type { RunAnswer, RunRequest as RunRequestBody } from "../contract/run.ts";
import type { RunRecord } from "../contract/run-record.ts";
import { isTerminal } from "../core/run-state.ts";
import { beginRun, executeBegun, type RunOutcome, type RunRequest } from "../executor/run-agent.ts";
import type { AppContext } from "./app-context.ts";
import { awaitRun } from "./await-run.ts";
import { streamEvents, wantsEventStream } from "./event-stream.ts";
import { identityOf } from "./idempotency.ts";
import { type Preferences, readPreferences } from "./prefer.ts";
import { invalid, invalidFields, ProblemError } from "./problems.ts";
import type { Reply } from "./route.ts";
import { runAnswer } from "./run-view.ts";
import { webhookUrlOf } from "./webhook-url.ts";

/**
 * Runs an agent as its caller prefers: executes it in this request and answers its end; or, with
 * `Prefer: respond-async` or `wait=n`, or for a run that starts later, queues it and answers at once or after n
 * seconds, with 202 where it has not ended by then. A caller who asks for `text/event-stream` gets the run's events
 * until its end, whoever executes it.
 */
export async function serveRun(
  agent: Agent,
  body: z.output<typeof RunRequestBody>,
  c: AppContext,
): Promise<Reply<z.input<typeof RunAnswer>> | Response> {
  const streaming = wantsEventStream(c);
  const heard = readPreferences(c.req.header("Prefer"));
  const preferences = streaming ? { ...heard, waitS: null } : heard; // a stream has no second to be answered in
  const request = await runRequest(agent, body, c);
  const later = request.availableAtMs !== null;
  const queued = later || preferences.respondAsync || preferences.waitS !== null;
  const asked: RunRequest = { ...request, mode: queued ? "queue" : "execute" };
  const beginning = beginRun(asked);
  const running = beginning.then((begun) => executeBegun(asked, begun));
  // A caller who goes away takes the Worker with it, unless the run holds on to it.
  c.executionCtx.waitUntil(running);
  const applied = appliedPreferences(preferences);
  if (streaming) return streamOf(await beginning, applied, c);
  const outcome = await running;
  const waitMs = Math.min(preferences.waitS ?? 0, MAX_WAIT_S) * 1_000;
  const reply = await answerTo(outcome, { waitMs, patienceMs: queued ? waitMs : agent.timeoutMs + LEASE_MS }, c);
  return { ...reply, headers: { ...reply.headers, ...applied } };
}

async function runRequest(
  agent: Agent,
  body: z.output<typeof RunRequestBody>,
  c: AppContext,
): Promise<Omit<RunRequest, "mode">> {
  const params = body.params ?? {};
  const input = await agent.input.safeParseAsync(params);
  if (!input.success) throw invalid("invalid_params", input.error, ["params"]);
  return {
    agent,
    input: input.data,
    inputJson: JSON.stringify(params),
    ...(await identityOf(c, agent.name, { ...body, params })),
    trigger: "api",
    replayOf: null,
    priority: body.priority,
    webhookUrl: webhookUrlOf(agent, body.webhook_url, c),
    timeoutMs: Math.min(body.timeout_ms ?? agent.timeoutMs, agent.timeoutMs),
    availableAtMs: availableAtMs(body),
    env: c.env,
    serviceOrigin: new URL(c.req.url).origin,
    registry: c.get("registry"),
  };
}

function availableAtMs({ delay_s, run_at }: z.output<typeof RunRequestBody>): number | null {
  if (run_at !== undefined) {
    const atMs = Date.parse(run_at);
    if (atMs <= nowMs() + MAX_DELAY_S * 1_000) return atMs;
    throw invalidFields([{ field: "run_at", reason: `must be within ${MAX_DELAY_S / 86_400} days from now` }]);
  }
  return delay_s === undefined ? null : nowMs() + Math.round(delay_s * 1_000);
}

/** RFC 7240, section 3: what was heard. */
function appliedPreferences({ respondAsync, waitS }: Preferences): Record<string, string> {
  const applied = [respondAsync ? "respond-async" : "", waitS === null ? "" : `wait=${Math.min(waitS, MAX_WAIT_S)}`];
  const heard = applied.filter((preference) => preference !== "").join(", ");
  return heard === "" ? {} : { "Preference-Applied": heard };
}

/** Problems before the run is accepted keep their status; what comes after is in the stream. */
function streamOf(
  begun: Awaited<ReturnType<typeof beginRun>>,
  headers: Record<string, string>,
  c: AppContext,
): Response {
  if (!begun.ok) throw new ProblemError(begun.problem);
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  if (begun.kind === "joined") c.header("Idempotency-Replayed", "true");
  c.header("Location", `/api/agents/runs/${begun.runId}`);
  return streamEvents(c, { runId: begun.runId, afterSeq: 0, announce: true });
}

/** `waitMs`: for a run that is queued. `patienceMs`: for one that others execute, and that we were to answer for. */
async function answerTo(
  outcome: RunOutcome,
  { waitMs, patienceMs }: { waitMs: number; patienceMs: number },
  c: AppContext,
): Promise<Reply<z.input<typeof RunAnswer>>> {
  switch (outcome.kind) {
    case "recorded":
      return { body: runAnswer(outcome.run) };
    case "refused":
      throw new ProblemError(outcome.problem);
    case "joined": {
      const run = await storedRun(outcome.runId, patienceMs, c);
      return { ...replyFor(run), headers: { ...replyFor(run).headers, "Idempotency-Replayed": "true" } };
    }
    case "accepted":
      return replyFor(await storedRun(outcome.runId, GO_ON_LONG.has(outcome.because) ? waitMs : patienceMs, c));
    default:
      return outcome satisfies never;
  }
}

/** What may take hours: a caller is answered at once, or when it says that it is ready to wait so long. */
const GO_ON_LONG: ReadonlySet<string> = new Set(["queued", "handed_over"]);

function replyFor(run: RunRecord): Reply<z.input<typeof RunAnswer>> & { headers: Record<string, string> } {
  const body = runAnswer(run);
  if (isTerminal(run.status)) return { body, headers: {} };
  return { status: 202, body, headers: { Location: `/api/agents/runs/${run.id}` } };
}

async function storedRun(runId: number, waitMs: number, c: AppContext): Promise<RunRecord> {
  const run = await awaitRun(c.env.DB, runId, waitMs);
  if (run === null) throw new Error(`the coordinator knows run ${runId} but the history does not`);
  return run;
}
