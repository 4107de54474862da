import { beforeEach, describe, expect, test } from "vitest";
import type { BulkAnswer } from "../../src/contract/bulk.ts";
import type { RunAnswer, RunDetail } from "../../src/contract/run.ts";
import { expectUsageToEqualTheRows, storedRuns } from "./history.ts";
import { getJson, post, request, rows, run } from "./service.ts";

const replay = (id: number, headers: Record<string, string> = {}) =>
  request(`/api/agents/runs/${id}/replay`, { method: "POST", headers });

const ended = (id: number) => getJson<RunDetail>(`/api/agents/runs/${id}?wait=20`);

beforeEach(async () => {
  await rows("DELETE FROM agent_runs");
  await rows("DELETE FROM usage_daily");
});

describe("a replay", () => {
  test("is a new run with the same input, linked to the first, which stays as it was", async () => {
    const first = await run("echo", { n: 1 });

    const response = await replay(first.run_id);

    expect(response.status).toBe(202);
    const { run_id } = await response.json<RunAnswer>();
    expect(response.headers.get("Location")).toBe(`/api/agents/runs/${run_id}`);
    expect(await ended(run_id)).toMatchObject({
      status: "completed",
      input: { n: 1 },
      replay_of: first.run_id,
      trigger: "replay",
    });
    expect(await ended(first.run_id)).toMatchObject({ replay_of: null, trigger: "api", output: first.output });
    await expectUsageToEqualTheRows();
  });

  test("asked for twice under one key is one run", async () => {
    const first = await run("echo");
    const one = await replay(first.run_id, { "Idempotency-Key": "again" });
    const two = await replay(first.run_id, { "Idempotency-Key": "again" });
    expect(two.headers.get("Idempotency-Replayed")).toBe("true");
    expect((await two.json<RunAnswer>()).run_id).toBe((await one.json<RunAnswer>()).run_id);
  });

  test("of a run that has not ended, or is not there, or of an agent that is gone, is refused", async () => {
    const running = run("echo", { sleep_ms: 500 });
    await expect.poll(async () => (await storedRuns("echo")).length).toBe(1);
    const id = (await storedRuns("echo"))[0]?.id ?? 0;
    expect((await replay(id)).status).toBe(409);
    await running;
    expect((await replay(999_999)).status).toBe(404);
    await rows("UPDATE agent_runs SET agent_name = 'gone' WHERE id = ?1", id);
    expect((await replay(id)).status).toBe(404);
  });

  test("of an input that the agent no longer takes is answered 422", async () => {
    const { run_id } = await run("strict", { city: "Oslo" });
    await rows(`UPDATE agent_runs SET input_data = '{"city":1}' WHERE id = ?1`, run_id);
    expect((await replay(run_id)).status).toBe(422);
  });
});

describe("many runs", () => {
  const bulk = async (what: "cancel" | "replay", body: object) => {
    const response = await post(`/api/agents/runs/${what}`, body);
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    return response.json<BulkAnswer>();
  };

  test("that failed are replayed by a filter, up to a limit, and the answer says which and whether there are more", async () => {
    const failed: number[] = [];
    for (let n = 0; n < 4; n++) failed.push((await run("thrower")).run_id);
    await run("echo");

    const answer = await bulk("replay", { agent: "thrower", limit: 3 });

    expect(answer).toMatchObject({ matched: 3, more: true, refused: [] });
    expect(answer.done.map(({ id }) => id).sort((a, b) => a - b)).toEqual(failed.slice(1));
    for (const { id, run_id } of answer.done)
      expect(await ended(run_id ?? 0)).toMatchObject({ replay_of: id, status: "failed" });
    expect((await bulk("replay", { agent: "echo" })).matched).toBe(0);
  });

  test("that wait are cancelled by a filter, and no other run is touched", async () => {
    const delayed = { params: {}, delay_s: 60 };
    const ids: number[] = [];
    for (let n = 0; n < 3; n++)
      ids.push((await (await post("/api/agents/echo/run", delayed)).json<RunAnswer>()).run_id);
    const other = await (await post("/api/agents/counted-one/run", delayed)).json<RunAnswer>();

    const answer = await bulk("cancel", { agent: "echo" });

    expect(answer.done.map(({ id, status }) => ({ id, status })).sort((a, b) => a.id - b.id)).toEqual(
      ids.map((id) => ({ id, status: "cancelled" })),
    );
    expect(await getJson(`/api/agents/runs/${other.run_id}`)).toMatchObject({ status: "queued" });
    expect((await bulk("cancel", { ids: [other.run_id] })).done).toHaveLength(1);
    await expectUsageToEqualTheRows();
  });

  test("named by their ids are answered one by one, also those that cannot be", async () => {
    const { run_id } = await run("echo");
    const answer = await bulk("cancel", { ids: [run_id, 999_999] });
    expect(answer.done).toEqual([]);
    expect(answer.refused.sort((a, b) => a.id - b.id)).toMatchObject([
      { id: run_id, code: "run_ended" },
      { id: 999_999, code: "run_not_found" },
    ]);
  });

  test("named more than once are cancelled, replayed and answered once", async () => {
    const { run_id: failed } = await run("thrower");
    const waiting = await (await post("/api/agents/echo/run", { params: {}, delay_s: 60 })).json<RunAnswer>();

    const cancelled = await bulk("cancel", { ids: [waiting.run_id, waiting.run_id] });
    const replayed = await bulk("replay", { ids: [failed, failed, failed] });

    expect(cancelled).toEqual({
      matched: 1,
      more: false,
      done: [{ id: waiting.run_id, status: "cancelled" }],
      refused: [],
    });
    expect(replayed).toMatchObject({ matched: 1, done: [{ id: failed }], refused: [] });
    expect(await rows("SELECT id FROM agent_runs WHERE replay_of = ?1", failed)).toHaveLength(1);
    await ended(replayed.done[0]?.run_id ?? 0);
  });

  test.for([
    {},
    { limit: 10 },
    { agent: "echo", limit: 1_001 },
    { ids: [] },
    { ids: [1], agent: "echo" },
    { agent: "echo", colour: "red" },
  ])("asked for with %o are refused with 422", async (body) => {
    for (const what of ["cancel", "replay"]) expect((await post(`/api/agents/runs/${what}`, body)).status).toBe(422);
  });
});
