import type { RunStatus } from "../contract/run.ts";

/** What came of a run that an agent asked for; not `ok`: why there is none. */
export type ChildRun =
  | { ok: true; runId: number; status: RunStatus; output: unknown; error: string | null; costUsd: number }
  | { ok: false; reason: string };

/**
 * Runs another agent, at once and once: a run that its agent has no room for is refused, and none is repeated. It ends
 * with the run that asked for it, and a run's runs are bounded in number, in depth, and in what they may cost. Its
 * usage is its own run's.
 */
export type RunChild = (agentName: string, params: Record<string, unknown>) => Promise<ChildRun>;
