import * as z from "zod";
import { isAgent } from "../agents/registry.ts";
import { nowMs } from "../clock.ts";
import { CompletionAnswer, CompletionRequest } from "../contract/http-agent.ts";
import { RunId } from "../contract/names.ts";
import { completeAttempt } from "../executor/complete-attempt.ts";
import { readCompletionToken } from "../executor/completion.ts";
import { readCompletable } from "../store/completions.ts";
import type { AppContext } from "./app-context.ts";
import { bearerToken } from "./callers.ts";
import { invalid, ProblemError } from "./problems.ts";
import { defineRoute, type Reply } from "./route.ts";

const completeRun = defineRoute({
  method: "POST",
  path: "/api/agents/runs/{id}/complete",
  tag: "Runs",
  summary: "Complete an attempt that a remote agent took over",
  description:
    "For an `http` agent that answered 202. The Bearer token is the one of that very attempt, as `completion.token` of its request has it; it can be used once. An output that the agent's output schema refuses uses nothing up.",
  access: "own",
  pathParams: { schema: z.object({ id: RunId }), absent: "unauthorized" },
  body: CompletionRequest,
  answer: CompletionAnswer,
  problems: ["unauthorized", "completion_used", "storage_unavailable", "coordinator_unavailable"],
  async admit({ id }, c) {
    await claimed(id, c);
  },
  async handle({ path: { id: runId }, body }, c): Promise<Reply<CompletionAnswer>> {
    const { run, claims } = await claimed(runId, c);
    const output = body.error === undefined ? await checkedOutput(body.output, run, c) : null;
    const { attempt, startedAtMs } = claims;
    const durationMs = Math.max(0, nowMs() - startedAtMs);
    const which = { runId, attempt, durationMs };
    const outcome = await completeAttempt(which, { output, completion: body }, run.agentName, c.env);
    if (!outcome.ok) throw new ProblemError(outcome.problem);
    if (outcome.kind === "stale") {
      const detail = `Attempt ${attempt} of run ${runId} has ended already: completed, cancelled, or past its time.`;
      throw new ProblemError({ code: "completion_used", detail });
    }
    return { body: { run_id: runId, status: outcome.kind === "closed" ? outcome.status : "queued" } };
  },
});

export const completionRoutes = [completeRun];

/** The run, and what its token says. An unknown run is answered like a wrong token: nobody may find out which there are. */
async function claimed(runId: number, c: AppContext) {
  const token = bearerToken(c);
  const run = token === undefined ? null : await readCompletable(c.env.DB, runId);
  if (token === undefined || run === null || run.leaseKey === null) throw wrongToken();
  const claims = await readCompletionToken(token, { runId, leaseKey: run.leaseKey }, c.env);
  if (claims === null) throw wrongToken();
  return { run, claims };
}

/** As the agent's output schema has it, in the version that the attempt runs. */
async function checkedOutput(
  output: unknown,
  { agentName, agentVersion }: { agentName: string; agentVersion: number },
  c: AppContext,
): Promise<unknown> {
  const agent = await c.get("registry").ofVersion(c.env.DB, agentName, agentVersion);
  if (!isAgent(agent)) return output; // it was of the code, and a deploy took it away
  const parsed = await agent.output.safeParseAsync(output);
  if (!parsed.success) throw invalid("invalid_request", parsed.error, ["output"]);
  return parsed.data;
}

function wrongToken(): ProblemError {
  return new ProblemError(
    { code: "unauthorized", detail: "Send the run's own completion token as Authorization: Bearer <token>." },
    { headers: { "WWW-Authenticate": 'Bearer realm="agent-runs completion"' } },
  );
}
