import { env } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { JOBS_PER_MESSAGE, MAX_CATCH_UP_SLOTS } from "../../src/contract/limits.ts";
import { allEnded, brokenSlots, createJob, HOUR_MS, history, readJob, runsOf, tickAt } from "./scheduler.ts";
import { getJson, post, request } from "./service.ts";

const MINUTE_MS = 60_000;
const minutely = { type: "interval", minutes: 1 };
/** A run that goes on until it is cancelled. */
const long = { agent: "talker", params: { lines: 100, pause_ms: 200 } };

afterEach(async () => {
  await env.DB.prepare("UPDATE jobs SET enabled = 0, next_at = NULL, due_at = NULL").run();
  for (const run of await liveRuns()) await request(`/api/agents/runs/${run.id}/cancel`, { method: "POST" });
  await allEnded();
});

const liveRuns = async () =>
  (await Promise.all(["queued", "running"].map((status) => listed(`status=${status}`)))).flat();
const listed = async (filter: string) =>
  (await getJson<{ runs: { id: number; status: string }[] }>(`/api/agents/runs?${filter}`)).runs;
const outcomes = async (id: string) => (await history(id)).map((fire) => fire.outcome);
const firstSlot = async (body: Record<string, unknown>) => Date.parse((await createJob(body)).next_run);

test("of slots that are late within their grace the last fires, for all of them", async () => {
  const slotMs = await firstSlot({ id: "coalescing", trigger: minutely });
  await tickAt(slotMs + 2 * MINUTE_MS + 1);

  expect(await outcomes("coalescing")).toEqual(["coalesced", "coalesced", "fired"]);
  expect((await history("coalescing")).at(-1)).toMatchObject({ coalesced: 2 });
  expect(await runsOf("coalescing")).toHaveLength(1);
});

test("each of them fires where the job does not coalesce", async () => {
  const slotMs = await firstSlot({ id: "each", trigger: minutely, coalesce: false, overlap: "allow_all" });
  await tickAt(slotMs + 2 * MINUTE_MS + 1);

  expect(await outcomes("each")).toEqual(["fired", "fired", "fired"]);
  expect((await runsOf("each")).map((run) => run.nominal_at)).toEqual([0, 1, 2].map((n) => slotMs + n * MINUTE_MS));
});

test("a slot later than its grace is missed, and the job goes on", async () => {
  const slotMs = await firstSlot({ id: "graced", trigger: minutely, misfire_grace_s: 90 });
  await tickAt(slotMs + 3 * MINUTE_MS + 10_000);

  expect(await outcomes("graced")).toEqual(["missed", "missed", "coalesced", "fired"]);
  expect((await readJob("graced")).next_run).toBe(new Date(slotMs + 4 * MINUTE_MS).toISOString());
});

test("a long silence is accounted for slot by slot, without a gap", async () => {
  const slotMs = await firstSlot({ id: "silent", trigger: { type: "interval", seconds: 10 } });
  const slots = 3 * MAX_CATCH_UP_SLOTS + 7;
  await tickAt(slotMs + (slots - 1) * 10_000 + 5);

  const missed = await env.DB.prepare(
    "SELECT count(*) AS n, max(nominal_at) - min(nominal_at) AS spanMs FROM job_fires WHERE job_id = 'silent'",
  ).first<{ n: number; spanMs: number }>();
  expect(missed).toEqual({ n: slots, spanMs: (slots - 1) * 10_000 });
  expect(await runsOf("silent")).toHaveLength(1);
});

test("outside its active hours a job's slots are skipped", async () => {
  const slotMs = await firstSlot({
    id: "hours",
    overlap: "allow_all",
    active_hours: { from: "09:30", to: "16:00", days: ["mon", "tue"] },
  });
  const day = 24 * HOUR_MS;
  const until = slotMs + 7 * day;
  for (let atMs = slotMs; atMs < until; atMs += HOUR_MS) await tickAt(atMs + 1);

  for (const fire of await history("hours")) {
    const at = new Date(fire.nominal_at);
    const active = [1, 2].includes(at.getUTCDay()) && at.getUTCHours() >= 10 && at.getUTCHours() < 16;
    expect([fire.nominal_at, fire.outcome]).toEqual([fire.nominal_at, active ? "fired" : "skipped_inactive"]);
  }
  expect((await outcomes("hours")).filter((outcome) => outcome === "fired")).toHaveLength(12);
}, 30_000);

test("a job fires as often as it may, and is finished then", async () => {
  const slotMs = await firstSlot({ id: "twice", max_fires: 2, overlap: "allow_all" });
  for (const n of [0, 1, 2]) await tickAt(slotMs + n * HOUR_MS + 1);

  expect(await outcomes("twice")).toEqual(["fired", "fired"]);
  expect(await readJob("twice")).toMatchObject({ status: expect.stringMatching(/running|finished/), next_run: null });
});

test("a date fires once", async () => {
  const run_date = new Date(Date.now() + HOUR_MS).toISOString();
  const slotMs = await firstSlot({ id: "dated", trigger: { type: "date", run_date } });
  await tickAt(slotMs + 1);
  await tickAt(slotMs + HOUR_MS);

  expect(await outcomes("dated")).toEqual(["fired"]);
});

test("jitter puts a fire off, and its slot stays what it is", async () => {
  const slotMs = await firstSlot({ id: "jittery", jitter_s: 600 });
  await tickAt(slotMs);
  const early = await outcomes("jittery");
  await tickAt(slotMs + 600_000);

  expect(early).toEqual([]);
  expect((await history("jittery")).map((fire) => Date.parse(fire.nominal_at))).toEqual([slotMs]);
});

test("overlap skip: a slot is skipped while a run of the job has not ended", async () => {
  const slotMs = await firstSlot({ id: "skipping", ...long });
  await tickAt(slotMs + 1);
  await tickAt(slotMs + HOUR_MS + 1);

  expect(await outcomes("skipping")).toEqual(["fired", "skipped_overlap"]);
});

test("overlap allow_all: runs go on beside each other", async () => {
  const slotMs = await firstSlot({ id: "allowing", overlap: "allow_all", ...long });
  await tickAt(slotMs + 1);
  await tickAt(slotMs + HOUR_MS + 1);

  expect(await outcomes("allowing")).toEqual(["fired", "fired"]);
});

test.for([
  { overlap: "buffer_one", waiting: ["buffered", "skipped_overlap"] },
  { overlap: "buffer_all", waiting: ["buffered", "buffered"] },
] as const)("overlap $overlap: what waits fires once the run before it has ended", async ({ overlap, waiting }) => {
  const slotMs = await firstSlot({ id: overlap, overlap, ...long });
  await tickAt(slotMs + 1);
  await tickAt(slotMs + HOUR_MS + 1);
  await tickAt(slotMs + 2 * HOUR_MS + 1);
  expect(await outcomes(overlap)).toEqual(["fired", ...waiting]);
  expect(await runsOf(overlap)).toHaveLength(1);

  for (const run of await runsOf(overlap)) await request(`/api/agents/runs/${run.id}/cancel`, { method: "POST" });
  await allEnded();
  await tickAt(slotMs + 2 * HOUR_MS + MINUTE_MS);

  expect((await outcomes(overlap)).slice(0, 2)).toEqual(["fired", "fired"]);
  expect((await runsOf(overlap)).map((run) => run.nominal_at)).toEqual([slotMs, slotMs + HOUR_MS]);
  expect((await outcomes(overlap))[2]).toBe(waiting[1]);
  if (overlap === "buffer_all") await post(`/api/scheduler/jobs/${overlap}/pause`);
  expect((await outcomes(overlap))[2]).toBe(overlap === "buffer_all" ? "skipped_paused" : "skipped_overlap");
});

test("overlap cancel_other: the run before is cancelled, and the slot fires once that has ended", async () => {
  const slotMs = await firstSlot({ id: "cancelling", overlap: "cancel_other", ...long });
  await tickAt(slotMs + 1);
  await tickAt(slotMs + HOUR_MS + 1);
  await expect
    .poll(
      async () => {
        await tickAt(slotMs + HOUR_MS + MINUTE_MS);
        return outcomes("cancelling");
      },
      { timeout: 9_000 },
    )
    .toEqual(["fired", "fired"]);

  const [first, second] = await runsOf("cancelling");
  expect(first?.status).toBe("cancelled");
  expect(second?.nominal_at).toBe(slotMs + HOUR_MS);
});

test("a demand may say what it does of a run before it", async () => {
  await createJob({ id: "asked", ...long });
  const demand = async (body: object) =>
    (await post("/api/scheduler/jobs/asked/trigger", body)).json<{ success: boolean; fire: { outcome: string } }>();

  expect((await demand({})).fire.outcome).toBe("fired");
  expect(await demand({})).toMatchObject({ success: false, fire: { outcome: "skipped_overlap" } });
  expect((await demand({ overlap: "allow_all" })).fire.outcome).toBe("fired");
});

test("a job is paused at its next slot after so many failures in a row, and resumed it starts to count anew", async () => {
  const slotMs = await firstSlot({ id: "failing", agent: "thrower", pause_after_failures: 2 });
  for (const n of [0, 1, 2, 3]) {
    await tickAt(slotMs + n * HOUR_MS + 1);
    await allEnded();
  }

  expect(await outcomes("failing")).toEqual(["fired", "fired", "skipped_paused"]);
  expect(await readJob("failing")).toMatchObject({ enabled: false, paused_note: "Paused after 2 failures in a row." });
  await post("/api/scheduler/jobs/failing/resume");
  const next = Date.parse((await readJob("failing")).next_run ?? "");
  await tickAt(Math.max(next, slotMs + 4 * HOUR_MS) + 1);
  expect((await outcomes("failing")).at(-1)).toBe("fired");
});

test("what the agent refuses is recorded with its reason, and nothing runs", async () => {
  const slotMs = await firstSlot({ id: "refused", agent: "strict", params: { city: "Bern" } });
  await env.DB.prepare(
    "UPDATE jobs SET definition = json_set(definition, '$.params.city', 'B') WHERE id = 'refused'",
  ).run();
  await tickAt(slotMs + 1);

  expect((await history("refused"))[0]).toMatchObject({ outcome: "rejected", problem: "invalid_params", run_id: null });
});

test("backfill runs the slots of a range that have not run, each once", async () => {
  const slotMs = await firstSlot({ id: "filled", trigger: { type: "cron", expression: "*/10 * * * *" } });
  const to = new Date(slotMs - 10 * MINUTE_MS).toISOString();
  const from = new Date(slotMs - 60 * MINUTE_MS).toISOString();
  const backfill = async () =>
    (await post("/api/scheduler/jobs/filled/backfill", { from, to })).json<{ slots: number; fired: number }>();

  const answers = await Promise.all([backfill(), backfill(), backfill()]);

  expect(answers.map((answer) => answer.slots)).toEqual([6, 6, 6]);
  expect(answers.reduce((sum, answer) => sum + answer.fired, 0)).toBe(6);
  expect((await runsOf("filled")).length).toBe(6);
  expect((await history("filled")).map((fire) => fire.kind)).toEqual(Array(6).fill("backfill"));
  expect(await brokenSlots()).toEqual([]);
});

test("backfill runs what was missed, and no slot to come", async () => {
  const slotMs = await firstSlot({ id: "made-up", trigger: { type: "cron", expression: "* * * * *" } });
  await env.DB.prepare("UPDATE jobs SET next_at = ?1, due_at = ?1 WHERE id = 'made-up'")
    .bind(slotMs - HOUR_MS)
    .run();
  await tickAt(Date.now());
  const before = await outcomes("made-up");
  expect(before).toContain("missed");
  await allEnded();
  const range = { from: new Date(slotMs - HOUR_MS).toISOString(), to: new Date(slotMs + 10 * HOUR_MS).toISOString() };
  await post("/api/scheduler/jobs/made-up/backfill", range);

  expect(new Set(await outcomes("made-up"))).toEqual(new Set(["fired"]));
  expect((await history("made-up")).every((fire) => Date.parse(fire.nominal_at) <= Date.now())).toBe(true);
});

test("backfill of more slots than it may is refused", async () => {
  await createJob({ id: "too-many", trigger: minutely });
  const range = { from: new Date(Date.now() - 2_000 * MINUTE_MS).toISOString(), to: new Date().toISOString() };
  const response = await post("/api/scheduler/jobs/too-many/backfill", range);

  expect(response.status).toBe(422);
});

test("more due jobs than one invocation takes are passed on, and each fires once", async () => {
  const count = 3 * JOBS_PER_MESSAGE + 7;
  const ids = Array.from({ length: count }, (_, n) => `crowd-${n}`);
  const first = await createJob({ id: "crowd-0" });
  const slotMs = Math.floor(Date.now() / 1_000) * 1_000;
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO jobs (id, definition, agent_name, enabled, next_at, due_at, failures_from, created_at, updated_at)
       SELECT value, (SELECT definition FROM jobs WHERE id = ?2), 'counted-one', 1, ?3, ?3, 0, 0, 0
         FROM json_each(?1) WHERE value <> ?2`,
    ).bind(JSON.stringify(ids), first.id, slotMs),
    env.DB.prepare("UPDATE jobs SET next_at = ?1, due_at = ?1 WHERE id = ?2").bind(slotMs, first.id),
  ]);
  // The slots are not the schedule's own, so each job's first slot is the one that it is said to be at.
  await env.DB.prepare(
    "UPDATE jobs SET definition = json_set(definition, '$.trigger', json(?1)) WHERE id LIKE 'crowd-%'",
  )
    .bind(JSON.stringify({ type: "interval", hours: 1, start: new Date(slotMs).toISOString() }))
    .run();

  expect(await tickAt(Date.now())).toEqual({ passedOn: count - JOBS_PER_MESSAGE });

  const done = () =>
    env.DB.prepare("SELECT count(*) AS n FROM job_fires WHERE job_id LIKE 'crowd-%' AND run_id IS NOT NULL").first("n");
  await expect.poll(done, { timeout: 10_000 }).toBe(count);
  await allEnded();
  expect(await brokenSlots()).toEqual([]);
});

test("health says how each clock goes, and what is due", async () => {
  const health = () =>
    getJson<{ scheduler: { clocks: { cron: { stopped: boolean } }; due: number; lag_ms: number } }>("/api/health");
  const slotMs = await firstSlot({ id: "overdue" });
  await tickAt(Date.now() - 10 * MINUTE_MS);
  await env.DB.prepare("UPDATE scheduler_clocks SET last_tick_at = ?1 WHERE clock = 'cron'")
    .bind(Date.now() - 10 * MINUTE_MS)
    .run();
  await env.DB.prepare("UPDATE jobs SET next_at = ?1, due_at = ?1 WHERE id = 'overdue'")
    .bind(slotMs - HOUR_MS)
    .run();

  const { scheduler } = await health();
  expect(scheduler).toMatchObject({ clocks: { cron: { stopped: true } }, due: 1 });
  expect(scheduler.lag_ms).toBeGreaterThan(0);
});
