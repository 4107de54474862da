import type { RunStatus, RunTrigger } from "../contract/run.ts";
import type { AttemptEvent } from "../contract/run-event.ts";

/** What an attempt leaves behind. */
export interface AttemptResult {
  outputJson: string | null;
  outputTruncated: boolean;
  tokensInput: number;
  tokensOutput: number;
  costMicrousd: number;
  durationMs: number;
  /** What of it which model used; left out: no model was named. */
  models?: readonly ModelUsage[];
}

export interface ModelUsage {
  model: string;
  tokensInput: number;
  tokensOutput: number;
  /** Null: nobody knows the model's price. */
  costMicrousd: number | null;
}

/** A run's row appears. Repeated under the same `requestKey` it finds the row instead. */
export interface BeginWrite {
  kind: "begin";
  status: "queued" | "running";
  requestKey: string;
  /** What was asked for under that key, where a caller chose it. */
  fingerprint: string | null;
  /** Names the executor that the attempt belongs to. */
  leaseKey: string;
  agentName: string;
  agentVersion: number;
  framework: string;
  inputJson: string;
  policyJson: string;
  trigger: RunTrigger;
  /** The run whose input this one repeats. */
  replayOf: number | null;
  priority: number;
  createdAtMs: number;
  /** Null while it is queued. */
  leaseExpiresAtMs: number | null;
  availableAtMs: number | null;
  queueExpiresAtMs: number | null;
  /** Of the budget for all agents, as the run's reservation was chosen by: inserted only while it is in force. */
  sharedBudgetVersion: number;
  /** Whether the policy has a reservation: inserted only where every budget has room for it. */
  reserves: boolean;
}

/** A queued attempt becomes an executor's. Repeated under the same `leaseKey` it is that executor's still, for longer. */
export interface ClaimWrite {
  kind: "claim";
  runId: number;
  attempt: number;
  leaseKey: string;
  /** What is about to be executed. */
  agentVersion: number;
  startedAtMs: number;
  leaseExpiresAtMs: number;
}

/** A running attempt's lease is extended. */
export interface ExtendWrite {
  kind: "extend";
  runId: number;
  attempt: number;
  leaseExpiresAtMs: number;
}

/** An attempt that nobody was told to execute waits again; unless its lease was extended meanwhile. */
export interface PutBackWrite {
  kind: "put_back";
  runId: number;
  attempt: number;
  leaseKey: string;
  /** As it was when it was decided that nobody executes the attempt. */
  leaseExpiresAtMs: number;
  availableAtMs: number;
  queueExpiresAtMs: number;
}

/** A running attempt's events are added to the run's. Repeated it adds those that are not there yet. */
export interface AppendEventsWrite {
  kind: "append_events";
  runId: number;
  attempt: number;
  events: readonly AttemptEvent[];
}

/** What an attempt has used so far. */
export type Used = Pick<AttemptResult, "tokensInput" | "tokensOutput" | "costMicrousd" | "models">;

/** A running attempt goes on outside, until its lease runs out. Repeated it is so still, and adds nothing. */
export interface HandOverWrite {
  kind: "hand_over";
  runId: number;
  attempt: number;
  events: readonly AttemptEvent[];
  atMs: number;
  leaseExpiresAtMs: number;
  /** Counted with what the attempt's end brings, however it comes. */
  used: Used;
}

/** A running run is asked to stop. */
export interface RequestCancelWrite {
  kind: "request_cancel";
  runId: number;
  atMs: number;
}

interface Ending {
  runId: number;
  attempt: number;
  error: string | null;
  /** Null where nobody is left to tell. */
  result: AttemptResult | null;
  /** What the attempt had still to say. */
  events: readonly AttemptEvent[];
  /** Only if the lease had run out by then: the executor vanished. Null: whether or not. */
  ifLeaseExpiredByMs: number | null;
}

/** A run ends, if it is still in that status of that attempt. Repeated it changes nothing. */
export interface CloseWrite extends Ending {
  kind: "close";
  from: "queued" | "running";
  status: Exclude<RunStatus, "queued" | "running">;
  completedAtMs: number;
  /** Whether somebody is to be told, by a delivery that this write's transaction makes. */
  hasWebhook: boolean;
  /** Whether it had reserved something of a budget. */
  settles: boolean;
}

/** A running attempt ends and the next one waits. Repeated it changes nothing. */
export interface RetryWrite extends Ending {
  kind: "retry";
  end: Exclude<RunStatus, "queued" | "running">;
  endedAtMs: number;
  availableAtMs: number;
  queueExpiresAtMs: number;
}

export type RunWrite =
  | BeginWrite
  | ClaimWrite
  | PutBackWrite
  | ExtendWrite
  | AppendEventsWrite
  | HandOverWrite
  | RequestCancelWrite
  | CloseWrite
  | RetryWrite;

/** The run that a request key names, whoever made it. */
export interface BegunRow {
  /** Whether this very write made it. */
  made: boolean;
  runId: number;
  status: RunStatus;
  attempt: number;
  createdAtMs: number;
  fingerprint: string | null;
  leaseKey: string | null;
  leaseExpiresAtMs: number | null;
  policyJson: string;
}

/**
 * `began`: the request's run, made by this very write or found. `refused`: there is none, since a budget has no room or
 * is not what it was. `claimed`: the attempt is the executor's, with the
 * run's input. `changed`: whether this very write changed the run.
 */
export type RunWriteResult =
  | { kind: "began"; row: BegunRow }
  | { kind: "refused" }
  | { kind: "claimed"; inputJson: string; agentVersion: number; createdAtMs: number; startedAtMs: number }
  | { kind: "changed"; changed: boolean };
