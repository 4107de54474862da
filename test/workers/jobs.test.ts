import { afterEach, expect, test } from "vitest";
import type { RunPage } from "../../src/contract/run-list.ts";
import { allEnded, brokenSlots, createJob, HOUR_MS, history, readJob, runsOf, tickAt } from "./scheduler.ts";
import { getJson, post, readRun, request } from "./service.ts";

afterEach(allEnded);

test("a due job fires once, and its run says which slot of which job it is", async () => {
  const job = await createJob({ id: "once", params: { n: 1 } });
  const slotMs = Date.parse(job.next_run);

  await tickAt(slotMs - 1);
  expect(await history("once")).toEqual([]);
  await tickAt(slotMs + 5);
  await tickAt(slotMs + 6);

  const [fire, ...others] = await history("once");
  expect(others).toEqual([]);
  expect(fire).toMatchObject({ job_id: "once", nominal_at: job.next_run, outcome: "fired", kind: "scheduled" });
  expect(fire?.fired_at).toBe(new Date(slotMs + 5).toISOString());
  await allEnded();
  const run = await readRun(fire?.run_id ?? 0);
  expect(run).toMatchObject({ agent_name: "counted-one", trigger: "job", job_id: "once", status: "completed" });
  expect(run).toMatchObject({ nominal_at: job.next_run, input: { n: 1 }, output: { n: 1 } });
  expect(await readJob("once")).toMatchObject({
    status: "scheduled",
    next_run: new Date(slotMs + HOUR_MS).toISOString(),
    last_run: fire?.fired_at,
    fire_count: 1,
    recent_history: [{ run_id: fire?.run_id, run_status: "completed" }],
  });
  expect(await brokenSlots()).toEqual([]);
});

test("runs are listed by the job and by what made them", async () => {
  const job = await createJob({ id: "listed" });
  await tickAt(Date.parse(job.next_run));
  await post("/api/agents/counted-one/run");

  const ofJob = await getJson<RunPage>("/api/agents/runs?job=listed");
  expect(ofJob.runs.map((run) => run.job_id)).toEqual(["listed"]);
  const byJobs = await getJson<RunPage>("/api/agents/runs?trigger=job&agent=counted-one");
  expect(byJobs.runs.every((run) => run.trigger === "job")).toBe(true);
  expect(byJobs.runs.map((run) => run.job_id)).toContain("listed");
});

test("a paused job does not fire, and resumed it goes on from now without what it missed", async () => {
  const job = await createJob({ id: "paused" });
  const paused = await post("/api/scheduler/jobs/paused/pause", { note: "until Monday" });
  expect(await paused.json()).toMatchObject({
    success: true,
    job: { enabled: false, status: "paused", next_run: null },
  });

  await tickAt(Date.parse(job.next_run) + HOUR_MS);
  expect(await history("paused")).toEqual([]);
  expect((await readJob("paused")).paused_note).toBe("until Monday");
  const resumed = await post("/api/scheduler/jobs/paused/resume");
  expect(await resumed.json()).toMatchObject({ job: { enabled: true, paused_note: null, next_run: job.next_run } });
});

test("a job is fired now on demand, also a paused one, with other params", async () => {
  await createJob({ id: "manual", enabled: false, params: { a: 1 } });

  const response = await post("/api/scheduler/jobs/manual/trigger", { params: { b: 2 } });

  const answer = await response.json<{ run_id: number; fire: { kind: string; outcome: string } }>();
  expect(answer).toMatchObject({ success: true, job_id: "manual", fire: { kind: "manual", outcome: "fired" } });
  await allEnded();
  expect(await readRun(answer.run_id)).toMatchObject({ input: { b: 2 }, job_id: "manual", status: "completed" });
  expect(await readJob("manual")).toMatchObject({ enabled: false, fire_count: 0 });
});

test("a job is edited only as the version that its editor has seen", async () => {
  const { version } = await createJob({ id: "edited" });
  const patch = (body: unknown, tag: string) =>
    request("/api/scheduler/jobs/edited", {
      method: "PATCH",
      headers: { "Content-Type": "application/json", "If-Match": tag },
      body: JSON.stringify(body),
    });

  const first = await patch({ description: "mine" }, `"${version}"`);
  expect(first.status).toBe(200);
  expect(first.headers.get("ETag")).toBe(`"${version + 1}"`);
  const second = await patch({ description: "yours" }, `"${version}"`);
  expect(second.status).toBe(412);
  expect((await readJob("edited")).description).toBe("mine");
});

test("a fire does not make an edit's version stale", async () => {
  const job = await createJob({ id: "moving" });
  await tickAt(Date.parse(job.next_run));

  expect((await readJob("moving")).version).toBe(job.version);
});

test("a deleted job fires no more, and its history stays", async () => {
  const job = await createJob({ id: "deleted" });
  await tickAt(Date.parse(job.next_run));

  expect((await request("/api/scheduler/jobs/deleted", { method: "DELETE" })).status).toBe(200);

  await tickAt(Date.parse(job.next_run) + HOUR_MS);
  expect(await history("deleted")).toHaveLength(1);
  expect((await request("/api/scheduler/jobs/deleted")).status).toBe(404);
  expect(await runsOf("deleted")).toHaveLength(1);
});

test("a schedule is given in the words of APScheduler, and as a cron expression", async () => {
  await createJob({ id: "rescheduled" });
  const put = (body: unknown) =>
    request("/api/scheduler/jobs/rescheduled/schedule", {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });

  const words = await put({
    trigger: "cron",
    hour: 9,
    minute: 0,
    day_of_week: "mon-fri",
    timezone: "America/New_York",
  });
  expect(words.status).toBe(200);
  const { job } = await words.json<{ job: { next_runs: { local: string }[] } }>();
  expect(job.next_runs).toHaveLength(10);
  for (const { local } of job.next_runs) expect(local).toContain(" 09:00:00-0");
  const expression = await put({ trigger: "cron", expression: "*/15 * * * *" });
  expect(await expression.json()).toMatchObject({ job: { schedule: "Every 15 minutes (UTC)" } });
  const never = await put({ trigger: "cron", expression: "0 0 30 2 *" });
  expect(never.status).toBe(422);
});

test.for([
  { what: "an agent that is not there", body: { agent: "nobody" }, status: 404, code: "agent_not_found" },
  { what: "an agent that is disabled", body: { agent: "retired" }, status: 409, code: "agent_disabled" },
  { what: "params that the agent does not take", body: { agent: "strict" }, status: 422, code: "invalid_params" },
  {
    what: "a date that has passed",
    body: { trigger: { type: "date", run_date: "2020-01-01T00:00:00Z" } },
    status: 422,
    code: "invalid_request",
  },
  {
    what: "a date that never comes",
    body: { trigger: { type: "cron", expression: "0 0 30 2 *" } },
    status: 422,
    code: "invalid_request",
  },
  { what: "a timezone that is none", body: { timezone: "Mars/Base" }, status: 422, code: "invalid_request" },
  { what: "a field that there is not", body: { colour: "red" }, status: 422, code: "invalid_request" },
  { what: "an id that cannot be one", body: { id: "a:b" }, status: 422, code: "invalid_request" },
])("no job is made of $what", async ({ body, status, code }) => {
  const job = { name: "x", agent: "counted-one", trigger: { type: "cron", expression: "0 * * * *" }, ...body };
  const response = await post("/api/scheduler/jobs", job);

  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ code });
});

test("two jobs cannot have one id", async () => {
  await createJob({ id: "taken" });

  const response = await post("/api/scheduler/jobs", {
    id: "taken",
    name: "x",
    agent: "counted-one",
    trigger: { type: "interval", hours: 2 },
  });

  expect(response.status).toBe(409);
  expect(await response.json()).toMatchObject({ code: "job_exists" });
});

test("jobs and history page by key", async () => {
  const ids = ["page-a", "page-b", "page-c"];
  for (const id of ids) await createJob({ id });
  const first = await getJson<{ jobs: { id: string }[]; next_cursor: string }>(
    "/api/scheduler/jobs?limit=2&cursor=page",
  );
  const second = await getJson<{ jobs: { id: string }[] }>(`/api/scheduler/jobs?limit=2&cursor=${first.next_cursor}`);
  expect([...first.jobs, ...second.jobs].map((job) => job.id).slice(0, 3)).toEqual(ids);

  for (let n = 0; n < 3; n++) await post("/api/scheduler/jobs/page-a/trigger", { overlap: "allow_all" });
  const all = await history("page-a");
  const newest = await getJson<{ history: unknown[]; next_cursor: string }>(
    "/api/scheduler/history?job_id=page-a&limit=2",
  );
  const rest = await getJson<{ history: unknown[]; next_cursor: null }>(
    `/api/scheduler/history?job_id=page-a&limit=2&cursor=${newest.next_cursor}`,
  );
  expect([...newest.history, ...rest.history].length).toBe(all.length);
  expect(rest.next_cursor).toBeNull();
  const everyJob = await getJson<{ history: unknown[]; next_cursor: string }>("/api/scheduler/history?limit=2");
  expect(everyJob.history).toHaveLength(2);
});

test("jobs for a first look are made by one call, do not fire, and are not made twice", async () => {
  const first = await (await post("/api/scheduler/examples")).json<{ created: string[] }>();
  const second = await (await post("/api/scheduler/examples")).json<{ created: string[] }>();
  expect(first.created).toHaveLength(3);
  expect(second.created).toEqual([]);

  await tickAt(Date.now() + 400 * 24 * HOUR_MS);
  for (const id of first.created) {
    expect(await readJob(id)).toMatchObject({ status: "paused", next_run: null, fire_count: 0 });
    expect(await history(id)).toEqual([]);
    expect((await post(`/api/scheduler/jobs/${id}/resume`)).status).toBe(200);
    expect((await readJob(id)).next_runs).toHaveLength(10);
    await request(`/api/scheduler/jobs/${id}`, { method: "DELETE" });
  }
});

test("a job's next slots are shown with what daylight saving makes of them", async () => {
  await createJob({
    id: "shown",
    trigger: { type: "cron", expression: "30 2 * * *", timezone: "America/New_York" },
    start_at: "2027-03-13T00:00:00Z",
  });
  const preview = await getJson<{ slots: { at: string; mark: string | null }[] }>(
    "/api/scheduler/jobs/shown/preview?count=3",
  );
  expect(preview.slots.map(({ at, mark }) => [at, mark])).toEqual([
    ["2027-03-13T07:30:00.000Z", null],
    ["2027-03-14T07:30:00.000Z", "gap_shifted"],
    ["2027-03-15T06:30:00.000Z", null],
  ]);
});
