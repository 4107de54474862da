import { env, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { RunAnswer, RunEventPage } from "../../src/contract/run.ts";
import type { AttemptEvent } from "../../src/contract/run-event.ts";
import { RunPolicy } from "../../src/contract/run-policy.ts";
import type { FinishRequest, HeartbeatRequest } from "../../src/coordinator/protocol.ts";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { type Fault, faults } from "../faults.ts";
import { expectUsageToEqualTheRows } from "./history.ts";
import { getJson, post, readRun, request, rows, run } from "./service.ts";

const AGENT = "counted-one";
const coordinator = () => env.COORDINATOR.getByName(AGENT);

async function begun({ maxAttempts = 1 } = {}): Promise<number> {
  const policy = RunPolicy.parse({ concurrency: 100, retry: { maxAttempts, minDelayMs: 0, maxDelayMs: 0 } });
  const outcome = await coordinator().begin({
    requestKey: crypto.randomUUID(),
    fingerprint: null,
    leaseKey: "the executor",
    mode: "execute",
    agentVersion: 0,
    framework: "code",
    inputJson: "{}",
    trigger: "api",
    replayOf: null,
    policy,
    whenFull: "reject",
    maxQueued: 0,
    priority: 0,
    availableAtMs: null,
  });
  if (!outcome.ok) throw new Error(outcome.problem.detail);
  return outcome.runId;
}

/** The executor's events from its `first` to its `last`. */
function told(first: number, last: number): AttemptEvent[] {
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    n: first + index,
    atMs: 1_000 + first + index,
    type: "log",
    dataJson: JSON.stringify({ message: `event ${first + index}` }),
  }));
}

const beat = (runId: number, events: AttemptEvent[], attempt = 1): HeartbeatRequest => ({ runId, attempt, events });

const end = (runId: number, events: AttemptEvent[], more: Partial<FinishRequest> = {}): FinishRequest => ({
  runId,
  attempt: 1,
  end: "completed",
  error: null,
  advice: { kind: "none" },
  result: {
    outputJson: "1",
    outputTruncated: false,
    tokensInput: 0,
    tokensOutput: 0,
    costMicrousd: 0,
    durationMs: 1,
  },
  events,
  ...more,
});

const crash = () => runInDurableObject(coordinator(), (_instance, state) => state.abort("crash")).catch(() => {});

async function stored(runId: number): Promise<{ seq: number; what: string }[]> {
  const { events } = await readRun(runId);
  return events.map((event) => ({ seq: event.seq, what: event.type === "log" ? event.message : event.type }));
}

const logged = (count: number) => Array.from({ length: count }, (_, n) => ({ seq: n + 1, what: `event ${n + 1}` }));

afterEach(() => {
  faults.clear();
  vi.useRealTimers();
});

describe("the rows of a run", () => {
  test("that says nothing are the same as before there were events", async () => {
    await run(AGENT); // the first run of a day writes the day's row, and its index
    faults.clear();
    await run(AGENT);
    const plain = faults.rowsWritten();
    faults.clear();
    await run("talker", { lines: 0 }); // another agent's first: one more, for its day's index
    expect(faults.rowsWritten()).toBeLessThanOrEqual(plain + 1);
    expect(await rows("SELECT * FROM run_events")).toEqual([]);
  });

  test("are one more for each event, and no call more where it is short", async () => {
    await run("talker");
    faults.clear();
    await run("talker");
    const plain = { rows: faults.rowsWritten(), transactions: faults.transactions() };
    faults.clear();
    const { run_id } = await run("talker", { lines: 10 });
    expect({ rows: faults.rowsWritten() - 10, transactions: faults.transactions() }).toEqual(plain);
    expect(await stored(run_id)).toHaveLength(10);
  });

  test.for(["failed", "cancelled", "timed_out"] as const)(
    "that is %s at its only attempt are without an event",
    async (how) => {
      const runId = await begun();
      await coordinator().finish(end(runId, [], { end: how, error: how }));
      expect(await readRun(runId)).toMatchObject({ status: how, events: [], events_next: null });
    },
  );
});

describe("events are written once, in order, though", () => {
  const both = (first: number, last: number) => async (runId: number) => {
    await coordinator().heartbeat(beat(runId, told(first, last)));
    await coordinator().heartbeat(beat(runId, told(first, last)));
  };

  test.for<{ what: string; tell: (runId: number) => Promise<unknown> }>([
    { what: "a beat is repeated", tell: both(1, 3) },
    {
      what: "a beat is repeated while the first is on its way",
      tell: (id) => Promise.all([1, 2].map(() => coordinator().heartbeat(beat(id, told(1, 3))))),
    },
    {
      what: "a repeat brings more",
      tell: async (id) => {
        await coordinator().heartbeat(beat(id, told(1, 2)));
        await coordinator().heartbeat(beat(id, told(1, 3)));
      },
    },
    {
      what: "an older beat arrives after a newer",
      tell: async (id) => {
        await coordinator().heartbeat(beat(id, told(1, 3)));
        expect(await coordinator().heartbeat(beat(id, told(1, 2)))).toMatchObject({ verdict: "go_on" });
      },
    },
    {
      what: "D1's reply is lost",
      tell: (id) => {
        faults.plan(["lose_reply", "lose_reply"]);
        return coordinator().heartbeat(beat(id, told(1, 3)));
      },
    },
    {
      what: "every reply of D1 is lost, and the executor sends all again",
      tell: async (id) => {
        faults.plan([], "lose_reply");
        expect(await coordinator().heartbeat(beat(id, told(1, 2)))).toMatchObject({ ok: false });
        faults.clear();
        await coordinator().heartbeat(beat(id, told(1, 3)));
      },
    },
    {
      what: "D1 refuses at first",
      tell: (id) => {
        faults.plan(["refuse", "refuse"]);
        return coordinator().heartbeat(beat(id, told(1, 3)));
      },
    },
    {
      what: "the coordinator crashes between its commit and its reply",
      tell: async (id) => {
        faults.plan([{ beforeReply: crash }]);
        await coordinator()
          .heartbeat(beat(id, told(1, 3)))
          .then(
            () => {},
            () => {},
          );
        await coordinator().heartbeat(beat(id, told(1, 3)));
      },
    },
    {
      what: "the coordinator is evicted between two beats",
      tell: async (id) => {
        await coordinator().heartbeat(beat(id, told(1, 2)));
        await evictDurableObject(coordinator());
        await coordinator().heartbeat(beat(id, told(2, 3)));
      },
    },
  ])("$what, and the run goes on", async ({ tell }) => {
    const runId = await begun();
    await tell(runId);
    faults.clear();
    expect(await stored(runId)).toEqual(logged(3));
    expect(await coordinator().finish(end(runId, told(3, 5)))).toMatchObject({ kind: "closed" });
    expect(await stored(runId)).toEqual(logged(5));
  });

  test.for<{ what: string; fault: Fault }>([
    { what: "D1's reply to the end is lost", fault: "lose_reply" },
    { what: "D1 refuses the end at first", fault: "refuse" },
    { what: "the coordinator crashes as it records the end", fault: { beforeReply: crash } },
  ])("$what, and the run has ended", async ({ fault }) => {
    const runId = await begun();
    await coordinator().heartbeat(beat(runId, told(1, 2)));
    faults.plan([fault]);
    const first = await coordinator()
      .finish(end(runId, told(2, 4)))
      .catch(() => null);
    if (first === null) await coordinator().finish(end(runId, told(2, 4)));
    expect(await stored(runId)).toEqual(logged(4));
    expect(await readRun(runId)).toMatchObject({ status: "completed" });
  });
});

describe("an executor that comes too late writes no event", () => {
  const late = async (runId: number) => {
    expect(await coordinator().heartbeat(beat(runId, told(1, 9)))).toMatchObject({ verdict: "lost" });
    expect(await coordinator().finish(end(runId, told(1, 9)))).toMatchObject({ kind: "stale" });
  };

  test("after the sweep closed its run", async () => {
    const runId = await begun();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    await everyMinute(env);
    await late(runId);
    expect(await readRun(runId)).toMatchObject({ status: "interrupted", events: [] });
  });

  test("after the next attempt began", async () => {
    const runId = await begun({ maxAttempts: 2 });
    await coordinator().finish(end(runId, told(1, 1), { end: "failed", error: "no" }));
    await coordinator().claim({ leaseKey: "another executor" });
    await late(runId);
    await coordinator().heartbeat(beat(runId, told(1, 1), 2));
    const { events } = await readRun(runId);
    expect(events.map(({ type, attempt }) => `${type} ${attempt}`)).toEqual(["log 1", "attempt_ended 1", "log 2"]);
  });

  test("though the coordinator believes that it is in time", async () => {
    const runId = await begun();
    await rows("UPDATE agent_runs SET status = 'cancelled', completed_at = 1 WHERE id = ?1", runId);
    await late(runId);
    expect(await rows("SELECT * FROM run_events WHERE run_id = ?1", runId)).toEqual([]);
    await rows("DELETE FROM agent_runs WHERE id = ?1", runId);
  });

  test("and what code says that goes on after its attempt is not part of the run", async () => {
    const { run_id } = await run("talker", { lines: 1, mumbles: true });
    await new Promise((wake) => setTimeout(wake, 100));
    expect(await stored(run_id)).toEqual([{ seq: 1, what: "line 1.1" }]);
  });
});

test("the events of every attempt are kept, with how it ended and when the next may start", async () => {
  const answer = await run("talker", { lines: 2, succeedsAt: 3 });
  expect(answer).toMatchObject({ status: "completed", attempt: 3 });
  const { events } = await readRun(answer.run_id);
  expect(events).toMatchObject([
    { seq: 1, type: "log", attempt: 1, message: "line 1.1" },
    { seq: 2, type: "log", attempt: 1, message: "line 1.2" },
    { seq: 3, type: "attempt_ended", attempt: 1, end: "failed", error: "attempt 1 failed" },
    { seq: 4, type: "log", attempt: 2, message: "line 2.1" },
    { seq: 5, type: "log", attempt: 2, message: "line 2.2" },
    { seq: 6, type: "attempt_ended", attempt: 2, end: "failed", retry_at: expect.stringMatching(/Z$/) },
    { seq: 7, type: "log", attempt: 3, message: "line 3.1" },
    { seq: 8, type: "log", attempt: 3, message: "line 3.2" },
    { seq: 9, type: "attempt_ended", attempt: 3, end: "completed", error: null },
  ]);
  expect(events[8]).not.toHaveProperty("retry_at");
  const ends = events.filter((event) => event.type === "attempt_ended");
  expect(ends[0]?.started_at).toBe((await readRun(answer.run_id)).started_at);
  // Each attempt began after the one before it had ended, and before it ended itself.
  const instants = ends.flatMap((event) => [Date.parse(event.started_at ?? ""), Date.parse(event.at)]);
  expect(instants).toEqual(instants.toSorted((a, b) => a - b));
  await expectUsageToEqualTheRows();
});

test("an attempt whose executor vanished has an event that says so", async () => {
  const runId = await begun({ maxAttempts: 2 });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
  await everyMinute(env);
  await everyMinute(env);
  expect((await readRun(runId)).events).toMatchObject([
    { seq: 1, type: "attempt_ended", attempt: 1, end: "interrupted", error: expect.stringContaining("vanished") },
  ]);
});

test("a request to cancel is one event, however often it is made", async () => {
  const runId = await begun();
  await coordinator().heartbeat(beat(runId, told(1, 1)));
  for (let n = 0; n < 3; n++) expect((await post(`/api/agents/runs/${runId}/cancel`)).status).toBe(202);
  expect(await coordinator().heartbeat(beat(runId, told(2, 2)))).toMatchObject({ verdict: "stop" });
  await coordinator().finish(end(runId, [], { end: "cancelled", error: "stopped" }));
  expect((await stored(runId)).map(({ what }) => what)).toEqual(["event 1", "cancel_requested", "event 2"]);
});

test("a retry that a cancellation forestalls is no event: nothing was tried again", async () => {
  const runId = await begun({ maxAttempts: 2 });
  const failed = end(runId, told(1, 1), { end: "failed", error: "no luck" });
  const [, outcome] = await Promise.all([coordinator().cancel({ runId }), coordinator().finish(failed)]);
  expect(outcome).toMatchObject({ ok: true, kind: "closed", status: "cancelled" });
  expect((await stored(runId)).map(({ what }) => what)).toEqual(["cancel_requested", "event 1"]);
});

test("a line is in the history soon after it is said, and its run goes on", async () => {
  const answering = run("talker", { lines: 2, pause_ms: 2_500 });
  const newest = async () => (await rows<{ n: number }>("SELECT count(*) AS n FROM run_events"))[0]?.n ?? 0;
  const before = await newest();
  await expect.poll(newest, { timeout: 2_000 }).toBe(before + 1);
  const { run_id } = await answering;
  expect(await stored(run_id)).toEqual([
    { seq: 1, what: "line 1.1" },
    { seq: 2, what: "line 1.2" },
  ]);
}, 10_000);

describe("GET /api/agents/runs/{id}/events", () => {
  const page = (id: number, query = "") => getJson<RunEventPage>(`/api/agents/runs/${id}/events${query}`);

  test("pages by seq without loss or repeat, and says how the run stands", async () => {
    const { run_id } = await run("talker", { lines: 5 });
    const seen: number[] = [];
    let after = 0;
    for (let pages = 0; pages < 3; pages++) {
      const { events, next_after, run_status } = await page(run_id, `?after=${after}&limit=2`);
      expect(run_status).toBe("completed");
      seen.push(...events.map(({ seq }) => seq));
      after = next_after;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(await page(run_id, `?after=${after}`)).toEqual({ events: [], next_after: 5, run_status: "completed" });
  });

  test("of a run without events is an empty page", async () => {
    const { run_id } = await (await post(`/api/agents/${AGENT}/run`)).json<RunAnswer>();
    expect(await page(run_id)).toEqual({ events: [], next_after: 0, run_status: "completed" });
  });

  test("shows with the run its first 500, and where the others are", async () => {
    const runId = await begun();
    await coordinator().finish(end(runId, told(1, 501)));
    const { events, events_next } = await readRun(runId);
    expect([events.length, events_next]).toEqual([500, 500]);
    expect((await page(runId, `?after=${events_next}`)).events).toMatchObject([{ seq: 501, message: "event 501" }]);
  });

  test.for([
    { query: "?limit=501", status: 422 },
    { query: "?limit=0", status: 422 },
    { query: "?after=-1", status: 422 },
    { query: "?after=x", status: 422 },
    { query: "?from=1", status: 422 },
  ])("$query is answered $status", async ({ query, status }) => {
    const { run_id } = await run(AGENT);
    expect((await request(`/api/agents/runs/${run_id}/events${query}`)).status).toBe(status);
  });

  test("of no run is answered 404", async () => {
    const absent = await request("/api/agents/runs/999999/events");
    expect(absent.status).toBe(404);
    expect(await absent.json()).toMatchObject({ code: "run_not_found" });
  });
});
