import { describe, expect, test } from "vitest";
import type { RunStatus } from "../../src/contract/run.ts";
import { isTerminal } from "../../src/core/run-state.ts";
import type { RunWrite } from "../../src/store/run-write.ts";
import { commitRunWrites } from "../../src/store/run-writes.ts";
import { migratedDatabase, sqliteD1 } from "../simulation/sqlite-d1.ts";

const STATUSES = ["queued", "running", "completed", "failed", "cancelled", "timed_out", "interrupted"] as const;
const LEASE_KEY = "the executor's";
const AT_MS = 1_000_000;

const result = {
  outputJson: '"done"',
  outputTruncated: false,
  tokensInput: 1,
  tokensOutput: 1,
  costMicrousd: 1,
  durationMs: 1,
};
const which = { runId: 1, attempt: 2 };
const ending = { ...which, error: null, result, events: [], ifLeaseExpiredByMs: null };
const close = { ...ending, kind: "close", completedAtMs: AT_MS, hasWebhook: false, settles: false } as const;
const times = { availableAtMs: AT_MS, queueExpiresAtMs: AT_MS };

/** Every event, and what each status becomes of it; a status that is not named stays as it is. */
const EVENTS: { event: string; write: RunWrite; becomes: Partial<Record<RunStatus, RunStatus>> }[] = [
  {
    event: "claim by another executor",
    write: {
      ...which,
      kind: "claim",
      leaseKey: "another's",
      agentVersion: 0,
      startedAtMs: AT_MS,
      leaseExpiresAtMs: AT_MS,
    },
    becomes: { queued: "running" },
  },
  {
    event: "put back",
    write: { ...which, kind: "put_back", leaseKey: LEASE_KEY, leaseExpiresAtMs: AT_MS, ...times },
    becomes: { running: "queued" },
  },
  {
    event: "put back of a lease that was extended since",
    write: { ...which, kind: "put_back", leaseKey: LEASE_KEY, leaseExpiresAtMs: AT_MS - 1, ...times },
    becomes: {},
  },
  { event: "heartbeat", write: { ...which, kind: "extend", leaseExpiresAtMs: AT_MS + 1 }, becomes: {} },
  { event: "cancel request", write: { kind: "request_cancel", runId: 1, atMs: AT_MS }, becomes: {} },
  {
    event: "cancel of a queued run",
    write: { ...close, from: "queued", status: "cancelled" },
    becomes: { queued: "cancelled" },
  },
  {
    event: "wait for too long",
    write: { ...close, from: "queued", status: "timed_out" },
    becomes: { queued: "timed_out" },
  },
  ...(["completed", "failed", "cancelled", "timed_out", "interrupted"] as const).map((status) => ({
    event: `end as ${status}`,
    write: { ...close, from: "running" as const, status },
    becomes: { running: status },
  })),
  {
    event: "end of an attempt that came before",
    write: { ...close, attempt: 1, from: "running", status: "completed" },
    becomes: {},
  },
  {
    event: "expiry of a lease that holds",
    write: { ...close, from: "running", status: "interrupted", ifLeaseExpiredByMs: AT_MS - 1 },
    becomes: {},
  },
  {
    event: "expiry of the lease",
    write: { ...close, from: "running", status: "interrupted", ifLeaseExpiredByMs: AT_MS },
    becomes: { running: "interrupted" },
  },
  {
    event: "retry",
    write: { ...ending, kind: "retry", end: "failed", endedAtMs: AT_MS, ...times },
    becomes: { running: "queued" },
  },
];

/** A run in that status, at its second attempt, whose lease runs out at AT_MS. */
function databaseWith(status: RunStatus) {
  const sqlite = migratedDatabase();
  sqlite
    .prepare(
      `INSERT INTO agent_runs (id, agent_name, framework, status, input_data, created_at, completed_at, request_key,
                               attempt, lease_key, lease_expires_at)
       VALUES (1, 'one', 'code', ?1, '{}', 0, ?2, 'key', 2, ?3, ?4)`,
    )
    .run(status, isTerminal(status) ? 1 : null, LEASE_KEY, AT_MS);
  return sqlite;
}

describe.for(EVENTS)("$event", ({ write, becomes }) => {
  test.for(STATUSES)("of a run that is %s does what the table says, and no more", async (status) => {
    const sqlite = databaseWith(status);
    const read = () => ({ ...sqlite.prepare("SELECT * FROM agent_runs WHERE id = 1").get() });
    const before = read();
    await commitRunWrites(sqliteD1(sqlite), [write], "finish-key", () => {});
    const after = read();
    expect(after.status).toBe(becomes[status] ?? status);
    if (isTerminal(status)) expect(after).toEqual(before);
    const ended = !isTerminal(status) && isTerminal(after.status as RunStatus);
    const rolledUp = sqlite.prepare("SELECT coalesce(sum(runs), 0) AS runs FROM usage_daily").get();
    expect(rolledUp?.runs).toBe(ended ? 1 : 0);
  });
});
