import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MAX_COUNTED_SLOTS } from "../../src/contract/limits.ts";
import { allEnded, brokenSlots, createJob, HOUR_MS, history, readJob, runsOf, tickAt } from "./scheduler.ts";
import { post, request, rows } from "./service.ts";

const START_MS = Date.UTC(2027, 4, 15, 12, 0, 30);
const MINUTE_MS = 60_000;
const minutely = { type: "interval", minutes: 1 };
const instant = (ms: number) => new Date(ms).toISOString();

const act = async (id: string, action: "pause" | "resume") => {
  const response = await post(`/api/scheduler/jobs/${id}/${action}`);
  expect(response.status).toBe(200);
};
const patch = (id: string, body: object) =>
  request(`/api/scheduler/jobs/${id}`, {
    method: "PATCH",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START_MS });
});

afterEach(async () => {
  await allEnded(); // by the clock that its runs began by
  vi.useRealTimers();
  await rows("UPDATE jobs SET enabled = 0, next_at = NULL, due_at = NULL");
});

test("the slots that passed while a job was paused have one record, which counts them, and none fires", async () => {
  const slotMs = Date.parse((await createJob({ id: "counted", trigger: minutely })).next_run);
  await act("counted", "pause");
  vi.setSystemTime(slotMs + 9 * MINUTE_MS + 1);
  await act("counted", "resume");
  await tickAt(slotMs + 9 * MINUTE_MS + 2);

  expect(await history("counted")).toMatchObject([
    { nominal_at: instant(slotMs + 9 * MINUTE_MS), outcome: "skipped_paused", coalesced: 9, run_id: null },
  ]);
  expect(await runsOf("counted")).toEqual([]);
  expect((await readJob("counted")).next_run).toBe(instant(slotMs + 10 * MINUTE_MS));
  await tickAt(slotMs + 10 * MINUTE_MS + 1);
  expect((await history("counted")).map(({ outcome }) => outcome)).toEqual(["skipped_paused", "fired"]);
  expect(await brokenSlots()).toEqual([]);
});

test("a job that is resumed before its next slot has nothing to account for", async () => {
  const { next_run } = await createJob({ id: "brief" });
  await act("brief", "pause");
  await act("brief", "resume");

  expect(await history("brief")).toEqual([]);
  expect((await readJob("brief")).next_run).toBe(next_run);
});

test("a job that was created paused and never ran has missed nothing", async () => {
  await createJob({ id: "unborn", trigger: minutely, enabled: false });
  vi.setSystemTime(START_MS + HOUR_MS);
  await act("unborn", "resume");

  expect(await history("unborn")).toEqual([]);
});

test("a second pause and an edit that leaves the schedule as it is keep the count", async () => {
  const slotMs = Date.parse((await createJob({ id: "twice-paused", trigger: minutely })).next_run);
  await act("twice-paused", "pause");
  vi.setSystemTime(slotMs + MINUTE_MS + 1);
  await act("twice-paused", "pause");
  await patch("twice-paused", { description: "still paused" });
  vi.setSystemTime(slotMs + 2 * MINUTE_MS + 1);
  await patch("twice-paused", { enabled: true });

  expect(await history("twice-paused")).toMatchObject([{ outcome: "skipped_paused", coalesced: 2 }]);
});

test("a paused job that is given another schedule is accounted for by the one that it had, and then by the new one", async () => {
  const slotMs = Date.parse((await createJob({ id: "changed", trigger: minutely })).next_run);
  await act("changed", "pause");
  vi.setSystemTime(slotMs + 4 * MINUTE_MS + 1);
  await patch("changed", { trigger: { type: "interval", hours: 1 } });
  const hourMs = Date.UTC(2027, 4, 15, 13);
  vi.setSystemTime(hourMs + HOUR_MS + 1);
  await act("changed", "resume");

  expect(await history("changed")).toMatchObject([
    { nominal_at: instant(slotMs + 4 * MINUTE_MS), outcome: "skipped_paused", coalesced: 4 },
    { nominal_at: instant(hourMs + HOUR_MS), outcome: "skipped_paused", coalesced: 1 },
  ]);
});

test("after a year of seconds there is one record, at the very last slot", async () => {
  await createJob({ id: "long-paused", trigger: { type: "cron", expression: "* * * * * *" } });
  await act("long-paused", "pause");
  const resumedMs = START_MS + 365 * 24 * HOUR_MS + 500;
  vi.setSystemTime(resumedMs);
  await act("long-paused", "resume");

  expect(await history("long-paused")).toMatchObject([
    { nominal_at: instant(resumedMs - 500), outcome: "skipped_paused", coalesced: MAX_COUNTED_SLOTS },
  ]);
});

test("a job that paused for its failures is accounted for too, from the slot after the one that paused it", async () => {
  const slotMs = Date.parse(
    (await createJob({ id: "failing", agent: "thrower", trigger: minutely, pause_after_failures: 1 })).next_run,
  );
  vi.setSystemTime(slotMs + 1);
  await tickAt(slotMs + 1);
  await allEnded();
  await tickAt(slotMs + MINUTE_MS + 1);
  expect(await readJob("failing")).toMatchObject({ status: "paused" });

  vi.setSystemTime(slotMs + 5 * MINUTE_MS + 1);
  await act("failing", "resume");

  expect(await history("failing")).toMatchObject([
    { outcome: "fired" },
    { nominal_at: instant(slotMs + MINUTE_MS), outcome: "skipped_paused", coalesced: 0 },
    { nominal_at: instant(slotMs + 5 * MINUTE_MS), outcome: "skipped_paused", coalesced: 3 },
  ]);
});

test("what passed while a job was paused can be backfilled, each slot once", async () => {
  const slotMs = Date.parse((await createJob({ id: "made-up-for", trigger: minutely })).next_run);
  await act("made-up-for", "pause");
  vi.setSystemTime(slotMs + 2 * MINUTE_MS + 1);
  await act("made-up-for", "resume");

  const range = { from: instant(slotMs), to: instant(slotMs + 2 * MINUTE_MS) };
  for (const fired of [3, 0]) {
    const response = await post("/api/scheduler/jobs/made-up-for/backfill", range);
    expect(await response.json()).toMatchObject({ slots: 3, fired });
  }
  expect(await runsOf("made-up-for")).toHaveLength(3);
  expect(await brokenSlots()).toEqual([]);
});
