import { expect, test } from "vitest";
import { post, request } from "./service.ts";

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

const previewUrl = (query: Record<string, string>) => request(`/api/scheduler/preview?${new URLSearchParams(query)}`);

test("a schedule in the URL is previewed like one in a body", async () => {
  const trigger = { type: "cron", expression: "0 0 29 2 *" };
  const inUrl = await previewUrl({ trigger: JSON.stringify(trigger), timezone: "Asia/Kathmandu", count: "2" });
  const inBody = await post("/api/scheduler/preview?count=2", { trigger, timezone: "Asia/Kathmandu" });
  const shown = await inUrl.json<Preview>();
  expect(inUrl.status).toBe(200);
  expect(shown).toEqual(await inBody.json());
  expect(shown.slots.map(({ local }) => local.slice(5, 16))).toEqual(["02-29 00:00", "02-29 00:00"]);
});

test.for([
  [{ trigger: "0 9 * * *" }, "trigger: must be JSON"],
  [{ trigger: '{"type": "weekly"}' }, "trigger"],
  [{ trigger: '{"type": "cron", "expression": "0 0 30 2 *"}' }, "trigger: it would never fire"],
  [{}, "trigger"],
] as const)("of a URL with %j a preview is refused", async ([query, complaint]) => {
  const response = await previewUrl(query);
  expect(response.status).toBe(422);
  expect((await response.json<{ detail: string }>()).detail).toContain(complaint);
});
