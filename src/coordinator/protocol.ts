import type { Problem } from "../contract/problems.ts";
import type { FinishWrite } from "../store/run-writes.ts";

/** What crosses to a coordinator and back: plain values only, for an error's class is lost on the way. */

export interface BeginRequest {
  /** Names this request: a begin that is repeated under it finds its run and makes no second one. */
  requestKey: string;
  /** What is asked for under that key, where a caller chose it; null where the key is new for every request. */
  fingerprint: string | null;
  /** New for every executor: whose the attempt is. */
  leaseKey: string;
  framework: string;
  inputJson: string;
  concurrency: number;
  timeoutMs: number;
}

/** `started`: execute the attempt and finish it. `joined`: the key's run is somebody else's, or has ended. */
export type BeginOutcome =
  | { ok: true; kind: "started"; runId: number; attempt: number; startedAtMs: number }
  | { ok: true; kind: "joined"; runId: number }
  | { ok: false; problem: Problem };

export type StartedRun = Extract<BeginOutcome, { kind: "started" }>;

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
