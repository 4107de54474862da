import type { StoredRun } from "../contract/run-record.ts";
import { callCoordinator } from "../coordinator/client.ts";
import { isTerminal } from "../core/run-state.ts";
import { readRun } from "../store/runs.ts";
import type { AppContext } from "./app-context.ts";
import { ProblemError } from "./problems.ts";

/** Asks for a run to be cancelled, and answers it as it then is. Throws `run_ended` if it ended otherwise before. */
export async function cancelRun({ id, agent_name }: StoredRun, c: AppContext): Promise<StoredRun> {
  const outcome = await callCoordinator(c.env.COORDINATOR, agent_name, (coordinator) =>
    coordinator.cancel({ runId: id }),
  );
  if (!outcome.ok) throw new ProblemError(outcome.problem);
  const run = await readRun(c.env.DB, id);
  if (run === null) throw new ProblemError({ code: "run_not_found", detail: `There is no run ${id}.` });
  if (!isTerminal(run.status) || run.status === "cancelled") return run;
  throw new ProblemError({ code: "run_ended", detail: `Run ${id} has ended already: ${run.status}.` });
}
