import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Health } from "../../src/contract/health.ts";
import { CLOCK_STOPPED_MS } from "../../src/contract/limits.ts";
import type { SchedulerClock } from "../../src/store/scheduler-clocks.ts";
import { tickAt } from "./scheduler.ts";
import { getJson, rows } from "./service.ts";

const START_MS = Date.UTC(2027, 4, 15, 12);
const MINUTE_MS = 60_000;

const clocks = async () => (await getJson<Health>("/api/health")).scheduler?.clocks;

function alerts(logged: { mock: { calls: unknown[][] } }) {
  return logged.mock.calls
    .map(([line]) => JSON.parse(String(line)) as { event: string })
    .filter(({ event }) => event === "alert.clock_stopped");
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: START_MS });
  await rows("DELETE FROM scheduler_clocks");
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test.for<[SchedulerClock, SchedulerClock]>([
  ["cron", "ticker"],
  ["ticker", "cron"],
])("when the %s stops, the %s raises an alert, and health says which has stopped", async ([stopped, other]) => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  await tickAt(START_MS, { clock: stopped });
  for (let atMs = START_MS; atMs <= START_MS + CLOCK_STOPPED_MS; atMs += MINUTE_MS)
    await tickAt(atMs, { clock: other });
  vi.setSystemTime(START_MS + CLOCK_STOPPED_MS);
  expect(alerts(logged)).toEqual([]);
  expect(await clocks()).toMatchObject({ [stopped]: { stopped: false }, [other]: { stopped: false } });

  const laterMs = START_MS + CLOCK_STOPPED_MS + MINUTE_MS;
  await tickAt(laterMs, { clock: other });
  vi.setSystemTime(laterMs);

  expect(alerts(logged)).toMatchObject([
    { clock: stopped, noticed_by: other, silent_ms: CLOCK_STOPPED_MS + MINUTE_MS },
  ]);
  expect(await clocks()).toEqual({
    [stopped]: { stopped: true, last_tick_at: new Date(START_MS).toISOString() },
    [other]: { stopped: false, last_tick_at: new Date(laterMs).toISOString() },
  });
});

test("a clock that goes on after it had stopped raises no more alerts", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  await tickAt(START_MS, { clock: "cron" });
  const backMs = START_MS + 60 * MINUTE_MS;
  await tickAt(backMs - MINUTE_MS, { clock: "ticker" });
  await tickAt(backMs, { clock: "ticker" });
  expect(alerts(logged)).toHaveLength(1);

  await tickAt(backMs + 1, { clock: "cron" });
  await tickAt(backMs + MINUTE_MS, { clock: "ticker" });

  vi.setSystemTime(backMs + MINUTE_MS);
  expect(alerts(logged)).toHaveLength(1);
  expect(await clocks()).toMatchObject({ cron: { stopped: false }, ticker: { stopped: false } });
});

test("a service that was off raises no alert when it is on again, but for the clock that stays silent", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  await tickAt(START_MS, { clock: "cron" });
  await tickAt(START_MS, { clock: "ticker" });
  const onMs = START_MS + 60 * MINUTE_MS;

  await tickAt(onMs, { clock: "ticker" });
  expect(alerts(logged)).toEqual([]);

  await tickAt(onMs + MINUTE_MS, { clock: "ticker" });
  expect(alerts(logged)).toMatchObject([{ clock: "cron", noticed_by: "ticker" }]);
});

test("a clock that never ticked is no clock that stopped", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  await tickAt(START_MS, { clock: "cron" });
  await tickAt(START_MS + 60 * MINUTE_MS, { clock: "cron" });

  expect(alerts(logged)).toEqual([]);
  expect(await clocks()).toMatchObject({ ticker: { stopped: false, last_tick_at: null } });
});
