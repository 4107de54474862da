import { log } from "../log.ts";
import type { LiveRun } from "../store/live-runs.ts";
import type { RunWriteResult } from "../store/run-write.ts";
import type { CoordinatorContext } from "./context.ts";
import type { ClaimedRun } from "./protocol.ts";
import { tellOfRun } from "./tell-of-run.ts";

/** What an executor is told of the attempt that its claim has made its own. */
export function startedRun(
  context: CoordinatorContext,
  { runId, attempt, leaseKey, policy }: LiveRun & { leaseKey: string },
  { inputJson, agentVersion, createdAtMs, startedAtMs }: Extract<RunWriteResult, { kind: "claimed" }>,
): ClaimedRun {
  log.info("run.started", { run_id: runId, agent: context.agentName, attempt });
  tellOfRun(context, { runId, attempt, runStatus: "running", message: `Run ${runId} started.` });
  const { timeoutMs, serviceOrigin } = policy;
  return {
    ok: true,
    kind: "started",
    runId,
    attempt,
    leaseKey,
    createdAtMs,
    startedAtMs,
    timeoutMs,
    inputJson,
    agentVersion,
    serviceOrigin,
  };
}
