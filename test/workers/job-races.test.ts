import { env, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test } from "vitest";
import { armTicker } from "../../src/scheduler/arm-ticker.ts";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { tick } from "../../src/scheduler/tick.ts";
import { registry } from "../worker.ts";
import { type Crash, crashing } from "./crashing.ts";
import { allEnded, brokenSlots, createJob, HOUR_MS, history, readJob, runsOf, tickAt, workAt } from "./scheduler.ts";
import { post, request, rows } from "./service.ts";

afterEach(async () => {
  await allEnded();
  expect(await brokenSlots()).toEqual([]);
  await env.DB.prepare("DELETE FROM jobs").run(); // the next test's ticks are about its own
});

test("two clocks and a queue message at once fire a slot once", async () => {
  const jobs = await Promise.all(Array.from({ length: 12 }, (_, n) => createJob({ id: `both-${n}` })));
  const slotMs = Date.parse(jobs[0]?.next_run ?? "");

  const ids = jobs.map((job) => job.id);
  await Promise.all([
    tickAt(slotMs + 1),
    tickAt(slotMs + 2, { clock: "ticker" }),
    tickAt(slotMs + 2, { clock: "ticker" }),
    workAt(slotMs + 3, ids),
    workAt(slotMs + 3, ids),
  ]);
  await tickAt(slotMs + 11_000); // what one of them promised and another was to begin

  for (const { id } of jobs) {
    expect((await history(id)).map((fire) => fire.outcome)).toEqual(["fired"]);
    expect(await runsOf(id)).toHaveLength(1);
  }
});

test("a tick that comes late, after one of a later slot, fires nothing again", async () => {
  const job = await createJob({ id: "late" });
  const slotMs = Date.parse(job.next_run);
  await tickAt(slotMs + 1);
  await tickAt(slotMs + HOUR_MS + 1);
  await tickAt(slotMs + 2); // a clock that goes backwards

  expect((await history("late")).map((fire) => Date.parse(fire.nominal_at))).toEqual([slotMs, slotMs + HOUR_MS]);
});

test.for(["pause", "delete", "edit"] as const)(
  "a tick and a %s at once: the slot fires once or not at all",
  async (what) => {
    for (let round = 0; round < 8; round++) {
      const id = `${what}-${round}`;
      const slotMs = Date.parse((await createJob({ id })).next_run);
      const change = () => {
        if (what === "pause") return post(`/api/scheduler/jobs/${id}/pause`);
        if (what === "delete") return request(`/api/scheduler/jobs/${id}`, { method: "DELETE" });
        return request(`/api/scheduler/jobs/${id}/schedule`, {
          method: "PUT",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ trigger: "interval", hours: 5 }),
        });
      };
      const [response] = await Promise.all([change(), tickAt(slotMs + 1)]);
      expect(response.status).toBe(200);
      await tickAt(slotMs + 15_000);
      const fires = await history(id);
      expect(fires.length).toBeLessThanOrEqual(1);
      expect(await runsOf(id)).toHaveLength(fires.filter((fire) => fire.outcome === "fired").length);
    }
  },
);

test("once a pause is answered no slot fires", async () => {
  const job = await createJob({ id: "answered" });
  await post("/api/scheduler/jobs/answered/pause");
  await Promise.all([tickAt(Date.parse(job.next_run) + 1), workAt(Date.parse(job.next_run) + 1, ["answered"])]);

  expect(await history("answered")).toEqual([]);
  expect(await runsOf("answered")).toEqual([]);
});

test("demands at once fire once each", async () => {
  await createJob({ id: "demanded", overlap: "allow_all", enabled: false });
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => post("/api/scheduler/jobs/demanded/trigger", { overlap: "allow_all" })),
  );
  const done = answers.filter((answer) => answer.status === 200).length;
  expect(done).toBeGreaterThan(0);
  expect(await runsOf("demanded")).toHaveLength(done);
  expect(await history("demanded")).toHaveLength(done);
});

test("a slot that is due when its job gets another schedule fires, and the new one goes on from now", async () => {
  await createJob({ id: "edited", misfire_grace_s: 7_200 });
  await rows("UPDATE jobs SET next_at = next_at - ?1, due_at = due_at - ?1", HOUR_MS); // no clock has come to it
  const slot = (await readJob("edited")).next_run;

  const response = await request("/api/scheduler/jobs/edited/schedule", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ trigger: "date", run_date: "2040-01-01T00:00:00Z" }),
  });

  expect(response.status).toBe(200);
  expect((await history("edited")).map((fire) => [fire.nominal_at, fire.outcome])).toEqual([[slot, "fired"]]);
  expect(await runsOf("edited")).toHaveLength(1);
  expect((await readJob("edited")).next_run).toBe("2040-01-01T00:00:00.000Z");
});

describe("a tick that goes wrong at any of its effects", () => {
  /** A tick over one job: its clock, what is due, the jobs, their slots, begin, and what waits. */
  const EFFECTS = 7;

  test("has as many as were looked at", async () => {
    const job = await createJob({ id: "counted" });
    const { env: counting, effects } = crashing(env, 0, "refuse");
    await tick({ env: counting, registry, nowMs: () => Date.parse(job.next_run) + 1, tell: () => {} }, "cron");
    expect(effects()).toHaveLength(EFFECTS);
  });

  const points = Array.from({ length: EFFECTS }, (_, n) => n + 1);
  const hows = ["crash_before", "crash_after", "refuse", "lose_reply"] as const;
  test.for(points.flatMap((at) => hows.map((how) => ({ at, how }))))(
    "fires the slot once: $how at effect $at",
    async ({ at, how }: { at: number; how: Crash }) => {
      const id = `point-${at}-${how}`;
      const slotMs = Date.parse((await createJob({ id })).next_run);
      const { env: failing } = crashing(env, at, how);
      await tick({ env: failing, registry, nowMs: () => slotMs + 1, tell: () => {} }, "cron").catch(() => {});
      // One while whoever made the promise may yet keep it, one of the other clock after that, and one more.
      await tickAt(slotMs + 2_000);
      await tickAt(slotMs + 15_000, { clock: "ticker" });
      await tickAt(slotMs + 60_000);

      const fires = await history(id);
      expect(fires.map(({ outcome }) => outcome)).toEqual(["fired"]);
      expect((await runsOf(id)).map((run) => run.id)).toEqual([fires[0]?.run_id]);
    },
  );
});

test("a promise that nobody kept for longer than the job's grace is missed, and not kept late", async () => {
  const slotMs = Date.parse((await createJob({ id: "given-up" })).next_run);
  const { env: failing } = crashing(env, 5, "crash_before"); // begin
  await tick({ env: failing, registry, nowMs: () => slotMs + 1, tell: () => {} }, "cron").catch(() => {});
  expect((await history("given-up"))[0]).toMatchObject({ outcome: "fired", run_id: null });

  await tickAt(slotMs + 302_000);

  expect((await history("given-up"))[0]).toMatchObject({ outcome: "missed", run_id: null });
  expect(await runsOf("given-up")).toEqual([]);
});

test("the ticker alone fires what is due, and arms itself for what comes next", async () => {
  const ticker = env.TICKER.getByName("ticker");
  await createJob({ id: "ticked", trigger: { type: "interval", seconds: 1 } });
  await armTicker(env, Date.now() + 60_000); // later than it is armed for: changes nothing
  await expect.poll(async () => (await runsOf("ticked")).length, { timeout: 8_000 }).toBeGreaterThanOrEqual(3);
  await post("/api/scheduler/jobs/ticked/pause");
  await allEnded();

  const slots = (await history("ticked")).map((fire) => Date.parse(fire.nominal_at));
  expect(new Set(slots).size).toBe(slots.length);
  for (const [n, slotMs] of slots.entries()) expect(slotMs).toBe((slots[0] ?? 0) + n * 1_000);
  expect(await runDurableObjectAlarm(ticker)).toBe(true);
  const [clock] = await rows<{ last_tick_at: number }>(
    "SELECT last_tick_at FROM scheduler_clocks WHERE clock = 'ticker'",
  );
  expect(clock?.last_tick_at).toBeGreaterThan(0);
});

test("a ticker that died with its alarm far ahead is armed by the minute for the next slot", async () => {
  const ticker = env.TICKER.getByName("ticker");
  const alarm = () => runInDurableObject(ticker, (_ticker, state) => state.storage.getAlarm());
  const { next_run } = await createJob({ id: "armed", trigger: { type: "interval", seconds: 20 } });
  const later = (await readJob("armed")).next_runs[1]?.at ?? "";
  await runInDurableObject(ticker, (_ticker, state) => state.storage.setAlarm(Date.now() + 60_000));

  await everyMinute(env, registry);

  const atMs = (await alarm()) ?? 0;
  expect([Date.parse(next_run), Date.parse(later)].some((slotMs) => atMs >= slotMs && atMs <= slotMs + 2_100)).toBe(
    true,
  );
  expect(await request("/api/scheduler/jobs/armed", { method: "DELETE" })).toMatchObject({ status: 200 });
  await allEnded();
});
