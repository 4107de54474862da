import type { DatabaseSync } from "node:sqlite";
import type { RunStatus } from "../../src/contract/run.ts";
import { isTerminal } from "../../src/core/run-state.ts";
import { createBudgetWatch } from "./budget-watch.ts";
import type { Actor } from "./effects.ts";
import { missedEvents } from "./event-watch.ts";
import { all } from "./sqlite-d1.ts";

export interface Row {
  id: number;
  agent_name: string;
  status: RunStatus;
  attempt: number;
  request_key: string;
  output_data: string | null;
  tokens_input: number;
  error: string | null;
  [column: string]: unknown;
}

type Glance = Pick<Row, "id" | "agent_name" | "status">;

interface Execution {
  agentName: string;
  runId: number;
  attempt: number;
  by: Actor;
}

/** Looks at the history after every commit, so that what was wrong only for a moment is seen too. */
export function createHistoryWatch(options: {
  concurrencyOf(agentName: string): number;
  report(violation: string): void;
}) {
  const ended = new Map<number, string>();
  /**
   * Agents for which a transaction was committed after its coordinator had died or given it up, and so after somebody
   * has looked who decides what may start. Such a write may leave a row that says `running` of an attempt that nobody
   * was told to execute: of these agents' rows there may be more than the limit, but never of what is executed.
   */
  const overtaken = new Set<string>();
  const executing = new Set<Execution>();
  const budgets = createBudgetWatch();
  let live = new Set<number>();
  let newestId = 0;

  function look(sqlite: DatabaseSync, agentName: string, { late }: { late: boolean }): void {
    if (late) overtaken.add(agentName);
    const rows = all<Glance>(
      sqlite,
      "SELECT id, agent_name, status FROM agent_runs WHERE status IN ('queued', 'running')",
    );
    checkConcurrency(rows);
    const nowLive = new Set(rows.map((row) => row.id));
    const fresh = all<Glance>(sqlite, "SELECT id, agent_name, status FROM agent_runs WHERE id > ?1", newestId);
    for (const id of live) if (!nowLive.has(id)) noteEnd(sqlite, id);
    for (const row of fresh) if (isTerminal(row.status)) noteEnd(sqlite, row.id);
    for (const id of nowLive) if (ended.has(id)) options.report(`5: run ${id} had ended and lives again`);
    newestId = Math.max(newestId, ...fresh.map((row) => row.id));
    live = nowLive;
    for (const difference of usageDifferences(sqlite)) options.report(difference);
    for (const difference of budgets.differences(sqlite)) options.report(difference);
    for (const missed of missedEvents(sqlite)) options.report(missed);
  }

  function checkConcurrency(rows: readonly Glance[]): void {
    const running = Map.groupBy(
      rows.filter((row) => row.status === "running"),
      (row) => row.agent_name,
    );
    for (const [agentName, { length }] of running) {
      const limit = options.concurrencyOf(agentName);
      if (length > limit && !overtaken.has(agentName)) {
        options.report(`7: ${length} attempts of ${agentName} run at once, whose limit is ${limit}`);
      }
    }
  }

  /** Of what is executed as the history has it: an executor that lost its attempt goes on until it learns of that. */
  function attemptStarts(sqlite: DatabaseSync, execution: Execution): () => void {
    executing.add(execution);
    const { agentName } = execution;
    const atWork = [...executing].filter((other) => other.agentName === agentName && isAtWork(sqlite, other));
    const limit = options.concurrencyOf(agentName);
    if (atWork.length > limit) {
      const runs = atWork.map(({ runId, by }) => `run ${runId} by ${by.name}`);
      options.report(`7: ${runs} of ${agentName} are executed at once, whose limit is ${limit}`);
    }
    return () => void executing.delete(execution);
  }

  function isAtWork(sqlite: DatabaseSync, { runId, attempt, by }: Execution): boolean {
    const held = "SELECT id FROM agent_runs WHERE id = ?1 AND attempt = ?2 AND status = 'running'";
    return by.alive && all(sqlite, held, runId, attempt).length === 1;
  }

  function noteEnd(sqlite: DatabaseSync, id: number): void {
    const [row] = all<Row>(sqlite, "SELECT * FROM agent_runs WHERE id = ?1", id);
    if (row === undefined) options.report(`1: the row of run ${id} is gone`);
    else if (!ended.has(id)) ended.set(id, JSON.stringify(row));
  }

  /** At the end: what had ended is as it was when it did. */
  function checkEnded(sqlite: DatabaseSync): void {
    for (const difference of budgets.differences(sqlite, { anew: true })) options.report(difference);
    for (const row of all<Row>(sqlite, "SELECT * FROM agent_runs")) {
      const before = ended.get(row.id);
      if (before !== undefined && before !== JSON.stringify(row)) {
        options.report(`5: run ${row.id} changed after it had ended: ${before} became ${JSON.stringify(row)}`);
      }
    }
  }

  return { look, attemptStarts, checkEnded };
}

function usageDifferences(sqlite: DatabaseSync): string[] {
  const rolledUp = all(
    sqlite,
    `SELECT agent_name, day, runs, tokens_input, tokens_output, cost_microusd, duration_ms,
            (SELECT sum((value ->> 0) + (value ->> 1)) FROM json_each(ended_by_hour)) AS ended
       FROM usage_daily ORDER BY agent_name, day`,
  );
  const fromRows = all(
    sqlite,
    `SELECT agent_name, completed_at / 86400000 AS day, count(*) AS runs, sum(tokens_input) AS tokens_input,
            sum(tokens_output) AS tokens_output, sum(cost_microusd) AS cost_microusd,
            coalesce(sum(duration_ms), 0) AS duration_ms, sum(status <> 'cancelled') AS ended
       FROM agent_runs WHERE completed_at IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  const [stored, expected] = [JSON.stringify(rolledUp), JSON.stringify(fromRows)];
  return stored === expected ? [] : [`6: usage is ${stored}, but the rows say ${expected}`];
}
