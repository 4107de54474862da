import { expect, test, vi } from "vitest";
import { MAX_UNTOLD_EVENTS } from "../../src/contract/limits.ts";
import type { PublishedEvent } from "../../src/contract/stream.ts";
import { createTeller } from "../../src/coordinator/teller.ts";
import { createEventLog } from "../../src/stream/event-log.ts";

function event(runId: number): PublishedEvent {
  const run = { agent_name: "echo", run_id: runId, run_status: "running", attempt: 1, message: "" } as const;
  return { event: "agent_status", data: { ...run, status: "running", at: "2026-01-01T00:00:00.000Z" } };
}

const runIds = (events: readonly PublishedEvent[]) => events.map(({ data }) => ("run_id" in data ? data.run_id : -1));

interface Call {
  runIds: number[];
  lost: boolean;
  answer: PromiseWithResolvers<{ restMs: number }>;
}

function tellerAndCalls() {
  const calls: Call[] = [];
  const works: Promise<void>[] = [];
  const tell = createTeller({
    publish(events, { lost }) {
      const answer = Promise.withResolvers<{ restMs: number }>();
      calls.push({ runIds: runIds(events), lost, answer });
      return answer.promise;
    },
    waitUntil: (work) => void works.push(work),
  });
  return { calls, works, tell };
}

test("an event is told at once, and what happens during a call goes with the next", async () => {
  const { calls, works, tell } = tellerAndCalls();
  tell(event(1));
  tell(event(2));
  tell(event(3));
  expect(calls.map((call) => call.runIds)).toEqual([[1]]);
  calls[0]?.answer.resolve({ restMs: 0 });
  await vi.waitUntil(() => calls.length === 2);
  expect(calls[1]).toMatchObject({ runIds: [2, 3], lost: false });
  calls[1]?.answer.resolve({ restMs: 0 });
  await Promise.all(works);
  expect(works).toHaveLength(1);
  tell(event(4));
  expect(calls[2]).toMatchObject({ runIds: [4], lost: false });
});

test("what could not be told is not told late, but said to be lost with the next, until a call succeeds", async () => {
  const { calls, works, tell } = tellerAndCalls();
  for (const id of [1, 2]) {
    tell(event(id));
    calls.at(-1)?.answer.reject(new Error("the hub was reset"));
    await Promise.all(works);
  }
  tell(event(3));
  calls.at(-1)?.answer.resolve({ restMs: 0 });
  await Promise.all(works);
  tell(event(4));
  expect(calls.map(({ runIds, lost }) => ({ runIds, lost }))).toEqual([
    { runIds: [1], lost: false },
    { runIds: [2], lost: true },
    { runIds: [3], lost: true },
    { runIds: [4], lost: false },
  ]);
});

test("of too many events that wait the oldest are lost, and said to be", async () => {
  const { calls, tell } = tellerAndCalls();
  for (let id = 0; id <= MAX_UNTOLD_EVENTS + 2; id++) tell(event(id));
  calls[0]?.answer.resolve({ restMs: 0 });
  await vi.waitUntil(() => calls.length === 2);
  expect(calls[1]?.lost).toBe(true);
  expect(calls[1]?.runIds).toHaveLength(MAX_UNTOLD_EVENTS);
  expect(calls[1]?.runIds.at(-1)).toBe(MAX_UNTOLD_EVENTS + 2);
});

test("a log gives exactly what came after an id, for at least its limit of events, and nothing for what it forgot", () => {
  const log = createEventLog({ name: "a", limit: 10, atMs: 0 });
  const ids: string[] = [log.newestId()];
  for (let id = 1; id <= 57; id++) {
    log.append(event(id), id);
    ids.push(log.newestId());
    for (let back = 0; back <= Math.min(10, id); back++) {
      expect(log.after(ids[id - back] ?? "")).toHaveLength(back);
    }
  }
  expect(log.after("a-50")?.[0]).toMatch(/^event: agent_status\nid: a-51\ndata: \{.*"run_id":51.*\}\n\n$/);
  for (const id of ["a-0", "a-1", "a-58", "b-57", "a-", "57", "", "a--1", "a-1e1"]) expect(log.after(id)).toBeNull();
});

test("a log gives what happened since an instant, and nothing where some of that may be forgotten", () => {
  const log = createEventLog({ name: "a", limit: 10, atMs: 100 });
  expect(log.since(100)).toBeNull();
  expect(log.since(101)).toEqual([]);
  for (let id = 1; id <= 19; id++) log.append(event(id), 100 + 10 * id);
  expect(log.since(101)).toHaveLength(19);
  expect(log.since(290)).toHaveLength(1);
  expect(log.since(291)).toEqual([]);
  log.append(event(20), 300);
  expect(log.since(200)).toBeNull();
  expect(log.since(201)).toHaveLength(10);
});
