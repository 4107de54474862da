import type { DatabaseSync } from "node:sqlite";
import type * as z from "zod";
import type { JobFire, TriggerJobAnswer } from "../../src/contract/job-fire.ts";
import type { RunRecord } from "../../src/contract/run-record.ts";
import type { CancelOutcome } from "../../src/coordinator/protocol.ts";
import { isTerminal } from "../../src/core/run-state.ts";
import type { RunOutcome } from "../../src/executor/run-agent.ts";
import type { Row } from "./history-watch.ts";
import type { JobAnswer, JobCall } from "./job-clients.ts";
import { all } from "./sqlite-d1.ts";

/** One request for a run, as its caller remembers it. */
export interface Asked {
  agentName: string;
  requestKey: string;
  fingerprint: string | null;
  outcomes: RunOutcome[];
}

interface CancelAnswer {
  runId: number;
  kind: "cancelled" | "requested" | "not_live";
  /** As the row was when the answer came. */
  row: Pick<Row, "status" | "attempt">;
}

/** What the outside saw: who asked and was answered what, and which attempts were executed by whom. */
export function createLedger() {
  const asked: Asked[] = [];
  const cancels: CancelAnswer[] = [];
  const toldFires: JobFire[] = [];
  const executions: { runId: number; attempt: number; by: string }[] = [];

  function noteCancel(sqlite: DatabaseSync, runId: number, outcome: CancelOutcome): void {
    const [row] = all<Row>(sqlite, "SELECT status, attempt FROM agent_runs WHERE id = ?1", runId);
    if (outcome.ok && row !== undefined) cancels.push({ runId, kind: outcome.kind, row });
  }

  function noteJobAnswer({ action }: JobCall, answer: JobAnswer): void {
    if (action === "trigger" && answer.kind === "done")
      toldFires.push((answer.body as z.output<typeof TriggerJobAnswer>).fire);
  }

  return { asked, cancels, executions, toldFires, noteCancel, noteJobAnswer };
}

export type Ledger = ReturnType<typeof createLedger>;

/** Each guarantee that can be judged at the end, by name: what breaks it, or nothing. DESIGN.md has the numbers. */
export const GUARANTEES: Readonly<Record<string, (ledger: Ledger, rows: ReadonlyMap<number, Row>) => string[]>> = {
  "1: an acknowledged run has exactly one row, and its id is the answered one": ({ asked }, rows) =>
    asked.flatMap(({ requestKey, agentName, outcomes }) => {
      const ids = new Set(outcomes.flatMap((outcome) => runIdOf(outcome) ?? []));
      const stored = [...rows.values()].filter((row) => row.request_key === requestKey);
      if (ids.size === 0) return stored.length <= 1 ? [] : [`${stored.length} rows of one request`];
      const [row] = stored;
      const right = stored.length === 1 && ids.size === 1 && ids.has(row?.id ?? 0) && row?.agent_name === agentName;
      return right
        ? []
        : [`request ${requestKey} was answered ${[...ids]}, and has rows ${stored.map(({ id }) => id)}`];
    }),

  "2: no id was given to two requests": ({ asked }) => {
    const owners = new Map<number, string>();
    return asked.flatMap(({ requestKey, outcomes }) =>
      outcomes.flatMap((outcome) => {
        const runId = runIdOf(outcome);
        if (runId === null) return [];
        const owner = owners.get(runId) ?? requestKey;
        owners.set(runId, owner);
        return owner === requestKey ? [] : [`run ${runId} was answered to ${owner} and to ${requestKey}`];
      }),
    );
  },

  "3: another payload under a used key is refused, and the same one never": ({ asked }, rows) =>
    asked.flatMap(({ requestKey, fingerprint, outcomes }) => {
      const row = [...rows.values()].find((candidate) => candidate.request_key === requestKey);
      if (row === undefined) return [];
      return outcomes.flatMap((outcome) => {
        const mismatch = outcome.kind === "refused" && outcome.problem.code === "idempotency_mismatch";
        if (mismatch === (row.fingerprint !== fingerprint) || (outcome.kind === "refused" && !mismatch)) return [];
        return [`request ${requestKey} was answered ${JSON.stringify(outcome)}`];
      });
    }),

  "4: every run reached a terminal status": (_ledger, rows) =>
    [...rows.values()].flatMap((row) => (isTerminal(row.status) ? [] : [`run ${row.id} is ${row.status} for ever`])),

  "5: what was answered is what is stored": ({ asked }, rows) =>
    asked.flatMap(({ outcomes }) =>
      outcomes.flatMap((outcome) => (outcome.kind === "recorded" ? differences(outcome.run, rows) : [])),
    ),

  "8: an attempt is executed by one executor, once": ({ executions }) => {
    const executors = new Map<string, string>();
    return executions.flatMap(({ runId, attempt, by }) => {
      const before = executors.get(`${runId}/${attempt}`);
      executors.set(`${runId}/${attempt}`, by);
      return before === undefined ? [] : [`attempt ${attempt} of run ${runId} by ${before} and by ${by}`];
    });
  },

  "10: a run whose cancellation was acknowledged starts no other attempt, and a queued one none": (ledger, rows) =>
    ledger.cancels.flatMap(({ runId, kind, row }) => {
      const now = rows.get(runId);
      if (kind === "not_live") return isTerminal(row.status) ? [] : [`run ${runId} was not_live, and ${row.status}`];
      if (kind === "cancelled") return now?.status === "cancelled" ? [] : [`run ${runId} is ${now?.status}`];
      return now?.attempt === row.attempt && row.status !== "queued"
        ? []
        : [`run ${runId} went from ${row.status}, attempt ${row.attempt}, to attempt ${now?.attempt}`];
    }),
};

/** Guarantee 9, of fires that somebody asked for: what was answered is what is recorded. */
function brokenAnswers({ toldFires }: Ledger, sqlite: DatabaseSync): string[] {
  return toldFires.flatMap(({ job_id, nominal_at, outcome, run_id }) => {
    const [stored] = all<{ run_id: number | null }>(
      sqlite,
      "SELECT run_id FROM job_fires WHERE job_id = ?1 AND nominal_at = ?2",
      job_id,
      Date.parse(nominal_at),
    );
    if (stored !== undefined && (run_id === null || stored.run_id === run_id)) return [];
    return [`9: ${job_id} was said to be ${outcome} at ${nominal_at} as run ${run_id}, and is ${stored?.run_id}`];
  });
}

export function brokenGuarantees(ledger: Ledger, sqlite: DatabaseSync): string[] {
  const rows = new Map(all<Row>(sqlite, "SELECT * FROM agent_runs").map((row) => [row.id, row]));
  const broken = Object.entries(GUARANTEES).flatMap(([name, check]) =>
    check(ledger, rows).map((violation) => `${name}: ${violation}`),
  );
  return [...broken, ...brokenAnswers(ledger, sqlite)];
}

export function runIdOf(outcome: RunOutcome): number | null {
  switch (outcome.kind) {
    case "recorded":
      return outcome.run.id;
    case "accepted":
    case "joined":
      return outcome.runId;
    case "refused":
      return null;
    default:
      return outcome satisfies never;
  }
}

function differences(answered: RunRecord, rows: ReadonlyMap<number, Row>): string[] {
  const row = rows.get(answered.id);
  return Object.entries(answered).flatMap(([column, value]) =>
    row?.[column] === value
      ? []
      : [`run ${answered.id} was answered with ${column} ${value}, and has ${String(row?.[column])}`],
  );
}
