import type { AgentBudget } from "../contract/budget.ts";
import type { Problem } from "../contract/problems.ts";
import type { RunTrigger } from "../contract/run.ts";
import type { AttemptEvent } from "../contract/run-event.ts";
import type { RunPolicy } from "../contract/run-policy.ts";
import type { WhenFull } from "../core/admission.ts";
import type { AttemptEnd, EndedAttempt } from "../core/retry.ts";
import type { AgentVersionWrite } from "../store/agent-version-write.ts";
import type { MemoryChangeResult, MemoryListing, MemoryRow } from "../store/memory.ts";
import type { AttemptResult, Used } from "../store/run-write.ts";

/** What crosses to a coordinator and back: plain values only, for an error's class is lost on the way. */
export type Refusal = { ok: false; problem: Problem };

export interface BeginRequest {
  /** Names this request: a begin that is repeated under it finds its run and makes no second one. */
  requestKey: string;
  /** What is asked for under that key, where a caller chose it; null where the key is new for every request. */
  fingerprint: string | null;
  /** New for every executor: whose the attempt is. */
  leaseKey: string;
  /** Whether an earlier call may have been heard whose answer did not come. */
  repeated?: boolean;
  /** `execute`: the caller executes the run if a slot is free. `queue`: somebody else does, later. */
  mode: "execute" | "queue";
  /** Of the agent, as the request was made for: another is refused with `agent_changed`. */
  agentVersion: number;
  framework: string;
  inputJson: string;
  trigger: RunTrigger;
  replayOf: number | null;
  policy: Omit<RunPolicy, "reservation">;
  /** Of the agent in that version; left out: none. */
  budget?: AgentBudget | null;
  whenFull: WhenFull;
  maxQueued: number;
  /** Higher first; equals in the order of their ids. */
  priority: number;
  /** Start no earlier; null: as soon as may be. */
  availableAtMs: number | null;
}

/** An attempt that is the executor's until its lease runs out. */
export interface StartedRun {
  ok: true;
  kind: "started";
  runId: number;
  attempt: number;
  /** The executor's own, as it gave it. */
  leaseKey: string;
  createdAtMs: number;
  startedAtMs: number;
  timeoutMs: number;
}

/** `started`: execute the attempt and finish it. `joined`: the key's run is somebody else's, or has ended. */
export type BeginOutcome =
  | StartedRun
  | { ok: true; kind: "queued"; runId: number }
  | { ok: true; kind: "joined"; runId: number }
  | Refusal;

/** An attempt that was queued, with all that its executor does not have. */
export interface ClaimedRun extends StartedRun {
  inputJson: string;
  serviceOrigin: string;
  /** Of the agent, to be executed. */
  agentVersion: number;
}

/** `nothing`: no run is due, or no slot is free: whoever frees one will call again. */
export type ClaimOutcome = ClaimedRun | { ok: true; kind: "nothing" } | Refusal;

export interface HeartbeatRequest {
  runId: number;
  attempt: number;
  /** All that no earlier beat was answered for: durable once this one is. */
  events: readonly AttemptEvent[];
}

/** `stop`: somebody wants the run cancelled. `lost`: the attempt is no longer this executor's. */
export type HeartbeatOutcome = { ok: true; verdict: "go_on" | "stop" | "lost" } | Refusal;

export interface FinishRequest {
  runId: number;
  attempt: number;
  end: AttemptEnd;
  error: string | null;
  advice: EndedAttempt["advice"];
  result: AttemptResult;
  /** All that no heartbeat was answered for. */
  events: readonly AttemptEvent[];
}

/**
 * `closed`: recorded, and the run has ended. `retrying`: recorded, and another attempt will follow. `stale`: the run
 * was no longer this attempt's, and what the history has stands; a repeat whose first reply was lost is answered so.
 */
export type FinishOutcome =
  | { ok: true; kind: "closed"; status: AttemptEnd; completedAtMs: number }
  | { ok: true; kind: "retrying"; availableAtMs: number }
  | { ok: true; kind: "stale" }
  | Refusal;

/** An attempt goes on outside: whoever has its completion token finishes it, or nobody does until then. */
export interface HandOverRequest {
  runId: number;
  attempt: number;
  end: "handed_over";
  atMs: number;
  untilMs: number;
  /** Until now; what is used after comes with the attempt's end. */
  used: Used;
  /** All that no heartbeat was answered for. */
  events: readonly AttemptEvent[];
}

/** `stale`: as of a finish; the run may also have been cancelled by this, since somebody had asked for it. */
export type HandOverOutcome = { ok: true; kind: "handed_over" | "stale" } | Refusal;

/** `ended`: it had ended before. `unknown`: the agent has no such run that has not ended. */
export type CancelOutcome = { ok: true; kind: "cancelled" | "requested" | "not_live" } | Refusal;

export type ConfigureRequest = Omit<AgentVersionWrite, "agentName" | "changedAtMs">;

/** `conflict`: the version in force is not `baseVersion`. */
export type ConfigureOutcome =
  | { ok: true; kind: "configured"; version: number; changedAtMs: number }
  | { ok: true; kind: "conflict" }
  | Refusal;

/** The attempt that changes what its agent remembers. */
export interface MemoryHolder {
  runId: number;
  attempt: number;
  leaseKey: string;
}

/** `changeKey` is new for every change. `ifVersion`: only if the value is of it; 0: only if there is none; null: anyhow. */
export type MemoryRequest =
  | { kind: "get"; key: string }
  | { kind: "list"; prefix: string; afterKey: string; limit: number }
  | {
      kind: "put";
      key: string;
      valueJson: string;
      bytes: number;
      ifVersion: number | null;
      changeKey: string;
      holder: MemoryHolder;
    }
  /** A null holder: somebody asked for it from outside. */
  | { kind: "delete"; key: string; ifVersion: number | null; changeKey: string; holder: MemoryHolder | null }
  | { kind: "clear"; changeKey: string };

/** `lost`: the attempt is no longer the run's own, so that nothing was changed. */
export type MemoryOutcome =
  | { ok: true; kind: "got"; row: MemoryRow | null }
  | { ok: true; kind: "page"; page: MemoryListing[]; nextAfter: string | null }
  | ({ ok: true } & MemoryChangeResult)
  | { ok: true; kind: "lost" }
  | Refusal;

export type SweepOutcome = { ok: true; closed: number; retried: number; woken: number } | Refusal;

/** An agent's coordinator, as its callers see it. Every method is safe to repeat. */
export interface Coordinator {
  begin(request: BeginRequest): Promise<BeginOutcome>;
  claim(request: { leaseKey: string }): Promise<ClaimOutcome>;
  heartbeat(request: HeartbeatRequest): Promise<HeartbeatOutcome>;
  finish(request: FinishRequest): Promise<FinishOutcome>;
  handOver(request: HandOverRequest): Promise<HandOverOutcome>;
  cancel(request: { runId: number }): Promise<CancelOutcome>;
  configure(request: ConfigureRequest): Promise<ConfigureOutcome>;
  memory(request: MemoryRequest): Promise<MemoryOutcome>;
  sweep(): Promise<SweepOutcome>;
}
