import type { Problem } from "../contract/problems.ts";
import type { FinishWrite } from "../store/run-writes.ts";

/** What crosses to a coordinator and back: plain values only, for an error's class is lost on the way. */

export interface BeginRequest {
  /** Names this request: a begin that is repeated under it finds its run and makes no second one. */
  requestKey: string;
  framework: string;
  inputJson: string;
  concurrency: number;
  timeoutMs: number;
}

export type BeginOutcome =
  | { ok: true; runId: number; attempt: number; startedAtMs: number }
  | { ok: false; problem: Problem };

export type BegunRun = Extract<BeginOutcome, { ok: true }>;

export type FinishRequest = Omit<FinishWrite, "kind" | "completedAtMs">;

/**
 * `recorded: false`: the run was no longer this attempt's, and what the history has stands.
 * It is not a failure: a repeat of a finish whose reply was lost answers so too.
 */
export type FinishOutcome =
  | { ok: true; recorded: true; completedAtMs: number }
  | { ok: true; recorded: false }
  | { ok: false; problem: Problem };

export type SweepOutcome = { ok: true; interrupted: number } | { ok: false; problem: Problem };

/** An agent's coordinator, as its callers see it. Every method is safe to repeat. */
export interface Coordinator {
  begin(request: BeginRequest): Promise<BeginOutcome>;
  finish(request: FinishRequest): Promise<FinishOutcome>;
  closeExpired(): Promise<SweepOutcome>;
}
