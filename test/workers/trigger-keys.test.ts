import { env } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import type { JobFire } from "../../src/contract/job-fire.ts";
import { triggerJob } from "../../src/scheduler/trigger-job.ts";
import { registry } from "../worker.ts";
import { crashing } from "./crashing.ts";
import { allEnded, brokenSlots, createJob, history, runsOf } from "./scheduler.ts";
import { request } from "./service.ts";

afterEach(allEnded);

async function trigger(id: string, key: string, body: object = {}) {
  const response = await request(`/api/scheduler/jobs/${id}/trigger`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify(body),
  });
  const answer = await response.json<{ run_id: number | null; fire: JobFire; code?: string }>();
  return { http: response.status, replayed: response.headers.get("Idempotency-Replayed"), ...answer };
}

test("a trigger that is repeated under its key is answered with the run of the first", async () => {
  await createJob({ id: "keyed", overlap: "allow_all" });
  const first = await trigger("keyed", "one", { params: { n: 1 } });
  const again = await trigger("keyed", "one", { params: { n: 1 } });
  const other = await trigger("keyed", "two", { params: { n: 1 } });

  expect(first).toMatchObject({ http: 200, replayed: null, fire: { outcome: "fired" } });
  expect(again).toMatchObject({ http: 200, replayed: "true", run_id: first.run_id });
  expect(again.fire.nominal_at).toBe(first.fire.nominal_at);
  expect(other).toMatchObject({ http: 200, replayed: null });
  expect((await runsOf("keyed")).map(({ id }) => id)).toEqual([first.run_id, other.run_id]);
});

test("ten triggers at once under one key fire once", async () => {
  await createJob({ id: "at-once", overlap: "allow_all" });
  const answers = await Promise.all(Array.from({ length: 10 }, () => trigger("at-once", "same")));

  expect(new Set(answers.map(({ http }) => http))).toEqual(new Set([200]));
  expect(new Set(answers.map(({ run_id }) => run_id)).size).toBe(1);
  expect(answers.filter(({ replayed }) => replayed === null)).toHaveLength(1);
  expect(await runsOf("at-once")).toHaveLength(1);
  expect(await brokenSlots()).toEqual([]);
});

test("another request under a trigger's key is refused and fires nothing; another job's key is another", async () => {
  await createJob({ id: "mine", overlap: "allow_all" });
  await createJob({ id: "yours", overlap: "allow_all" });
  const { run_id } = await trigger("mine", "k", { params: { n: 1 } });

  expect(await trigger("mine", "k", { params: { n: 2 } })).toMatchObject({ http: 422, code: "idempotency_mismatch" });
  expect(await trigger("mine", "", {})).toMatchObject({ http: 400, code: "invalid_idempotency_key" });
  expect((await runsOf("mine")).map(({ id }) => id)).toEqual([run_id]);
  expect(await trigger("yours", "k", { params: { n: 1 } })).toMatchObject({ http: 200, replayed: null });
});

test("what was decided of a keyed trigger that did not fire is answered again, though it would fire now", async () => {
  await createJob({ id: "busy", agent: "talker", params: { lines: 100, pause_ms: 200 } });
  const { run_id } = await trigger("busy", "a");
  expect(await trigger("busy", "b")).toMatchObject({ run_id: null, fire: { outcome: "skipped_overlap" } });
  await request(`/api/agents/runs/${run_id}/cancel`, { method: "POST" });
  await allEnded();

  expect(await trigger("busy", "b")).toMatchObject({ replayed: "true", fire: { outcome: "skipped_overlap" } });
  expect(await runsOf("busy")).toHaveLength(1);
});

test("a keyed trigger that crashed anywhere and is repeated has fired once", async () => {
  const key = { requestKey: "key:crashed", fingerprint: "f" };
  for (let at = 1; at <= 6; at++) {
    const jobId = `crashed-${at}`;
    await createJob({ id: jobId, overlap: "allow_all" });
    const asked = { jobId, paramsJson: null, overlap: undefined, key };
    const { env: failing } = crashing(env, at, "crash_after");
    await triggerJob({ env: failing, registry, nowMs: Date.now, tell: () => {} }, asked).catch(() => {});
    const again = await triggerJob({ env, registry, nowMs: Date.now, tell: () => {} }, asked);

    const [run, ...others] = await runsOf(jobId);
    expect(others).toEqual([]);
    expect(again).toMatchObject({ kind: "decided", fire: { outcome: "fired", runId: run?.id } });
    expect(await history(jobId)).toHaveLength(1);
  }
});
