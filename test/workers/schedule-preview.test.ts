import { expect, test } from "vitest";
import { post } from "./service.ts";

interface Preview {
  trigger: unknown;
  description: string;
  slots: { at: string; local: string; mark: string | null; active: boolean }[];
}

test("a schedule is previewed as the Workers runtime knows its timezone, with marks and active hours", async () => {
  const response = await post("/api/scheduler/preview?count=3", {
    trigger: { type: "cron", fields: { hour: "1,2", minute: 30 } },
    timezone: "America/New_York",
    start_at: "2035-03-11T00:00:00-05:00",
    active_hours: { days: ["sun"], from: "03:00", to: "04:00", timezone: "America/New_York" },
  });
  expect(response.status).toBe(200);
  expect(await response.json<Preview>()).toEqual({
    trigger: {
      type: "cron",
      expression: "30 1,2 * * *",
      day_match: "both",
      timezone: "America/New_York",
      gap: "shift",
      overlap_hour: "first",
    },
    description: "At 01:30 and 02:30 (America/New_York)",
    slots: [
      { at: "2035-03-11T06:30:00.000Z", local: "2035-03-11 01:30:00-05:00", mark: null, active: false },
      { at: "2035-03-11T07:30:00.000Z", local: "2035-03-11 03:30:00-04:00", mark: "gap_shifted", active: true },
      { at: "2035-03-12T05:30:00.000Z", local: "2035-03-12 01:30:00-04:00", mark: null, active: false },
    ],
  });
});

test.for([
  [{ trigger: { type: "cron", expression: "0 0 30 2 *" } }, "trigger: it would never fire"],
  [{ trigger: { type: "interval", minutes: 5 }, timezone: "Nowhere" }, "IANA timezone"],
  [{ trigger: { type: "date", run_date: "2001-01-01T00:00:00Z" } }, "has passed"],
  [{ trigger: { type: "weekly" } }, "trigger"],
] as const)("a schedule that cannot be is answered 422 with the reason: %o", async ([body, reason]) => {
  const response = await post("/api/scheduler/preview", body);
  expect(response.status).toBe(422);
  expect((await response.json<{ detail: string }>()).detail).toContain(reason);
});
