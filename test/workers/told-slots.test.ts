import { env } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { JOBS_PER_MESSAGE } from "../../src/contract/limits.ts";
import type { PublishedEvent } from "../../src/contract/stream.ts";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { tellOn } from "../../src/stream/client.ts";
import { registry } from "../worker.ts";
import { type Received, receive } from "./event-source.ts";
import { allEnded, createJob, HOUR_MS, history, readJob, tickAt } from "./scheduler.ts";
import { getJson, request, rows } from "./service.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;

afterEach(async () => {
  await rows("UPDATE jobs SET enabled = 0, next_at = NULL, due_at = NULL");
  await allEnded();
});

const firstSlot = async (body: Record<string, unknown>) => Date.parse((await createJob(body)).next_run);
const byScheduler = ({ event, data }: Received) => event === "change" && (data as { action: string }).action === "tick";

/** A tick, and what it told. */
async function toldAt(atMs: number): Promise<PublishedEvent["data"][]> {
  const told: PublishedEvent[] = [];
  await tickAt(atMs, { tell: (event) => void told.push(event) });
  return told.map(({ data }) => data);
}

test("a slot that begins no run is told on the stream, once the history has it", async () => {
  await createJob({ id: "late", trigger: { type: "interval", hours: 1 } });
  await rows("UPDATE jobs SET next_at = next_at - ?1, due_at = due_at - ?1 WHERE id = 'late'", 2 * HOUR_MS - 1);
  const response = await request("/api/stream");
  const held: Promise<unknown>[] = [];
  await everyMinute(env, registry, (work) => void held.push(work));

  const received = await receive(response, (all) => all.some(byScheduler));

  expect((await history("late"))[0]).toMatchObject({ outcome: "missed", run_id: null });
  expect(received.find(byScheduler)?.data).toMatchObject({
    kind: "job",
    subject: "/api/scheduler/jobs/late",
    action: "tick",
  });
  expect(held).toHaveLength(1); // the platform lets nothing go on that it does not know of
  await Promise.all(held);
});

test("a job that pauses itself for its failures is told with the slot that it passed over", async () => {
  const slotMs = await firstSlot({ id: "failing", agent: "thrower", pause_after_failures: 1 });
  expect(await toldAt(slotMs + 1)).toEqual([]); // it fired, and its run tells of that
  await allEnded();

  const told = await toldAt(slotMs + HOUR_MS + 1);

  expect((await readJob("failing")).enabled).toBe(false);
  expect(told).toMatchObject([{ kind: "job", subject: "/api/scheduler/jobs/failing", action: "tick" }]);
});

test("a slot that its agent refuses is told of", async () => {
  const slotMs = await firstSlot({ id: "refused", agent: "strict", params: { city: "Bern" } });
  await rows("UPDATE jobs SET definition = json_set(definition, '$.params.city', 'B') WHERE id = 'refused'");
  expect(await toldAt(slotMs + 1)).toMatchObject([{ subject: "/api/scheduler/jobs/refused" }]);
  expect((await history("refused"))[0]).toMatchObject({ outcome: "rejected" });
});

test("a slot that is passed over since a run goes on is told of", async () => {
  const slotMs = await firstSlot({ id: "busy", agent: "talker", params: { lines: 100, pause_ms: 200 } });
  expect(await toldAt(slotMs + 1)).toEqual([]);
  expect(await toldAt(slotMs + HOUR_MS + 1)).toMatchObject([{ subject: "/api/scheduler/jobs/busy" }]);
  expect((await history("busy")).at(-1)).toMatchObject({ outcome: "skipped_overlap" });
  const { runs } = await getJson<{ runs: { id: number }[] }>("/api/agents/runs?job=busy");
  for (const { id } of runs) await request(`/api/agents/runs/${id}/cancel`, { method: "POST" });
});

test("however many jobs and slots one invocation records, viewers are told once", async () => {
  const slots: number[] = [];
  for (let n = 0; n < JOBS_PER_MESSAGE; n++) {
    const trigger = { type: "interval", minutes: 1 };
    slots.push(await firstSlot({ id: `many-${n}`, trigger, misfire_grace_s: 1, agent: "echo" }));
  }
  const told = await toldAt(Math.max(...slots) + 10 * MINUTE_MS + 30_000);

  const [{ n } = { n: 0 }] = await rows<{ n: number }>(
    "SELECT count(*) AS n FROM job_fires WHERE outcome = 'missed' AND job_id LIKE 'many-%'",
  );
  expect(n).toBeGreaterThanOrEqual(10 * JOBS_PER_MESSAGE);
  expect(told).toMatchObject([{ kind: "job", subject: "/api/scheduler/jobs", action: "tick" }]);
});

test("a tick waits for no viewer, and a hub that is away fails nothing of it", async () => {
  const gate = Promise.withResolvers<{ restMs: number }>();
  const hubs = {
    slow: () => ({ publish: () => gate.promise }),
    gone: () => {
      throw new Error("no such object");
    },
  };
  const held: Promise<unknown>[] = [];
  for (const [id, getByName] of Object.entries(hubs)) {
    const slotMs = await firstSlot({ id, misfire_grace_s: 1 });
    const hub = { getByName } as unknown as typeof env.STREAM;
    await tickAt(slotMs + DAY_MS, { tell: tellOn(hub, (work) => void held.push(work)) });
    expect((await history(id))[0]).toMatchObject({ outcome: "missed" });
  }
  expect(held).toHaveLength(2);
  gate.reject(new Error("the hub was reset"));
  expect(await Promise.allSettled(held)).toMatchObject([{ status: "fulfilled" }, { status: "fulfilled" }]);
});
