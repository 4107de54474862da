import { env } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ProblemDocument } from "../../src/contract/problems.ts";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { type Fault, faults } from "../faults.ts";
import { expectAnswerToBeStored, expectUsageToEqualTheRows, storedRuns } from "./history.ts";
import { post, readRun, rows, run } from "./service.ts";

const AGENT = "counted-one";
const TRIES = 3; // of one transaction
const MINUTE_MS = 60_000;

beforeEach(async () => {
  await rows("DELETE FROM agent_runs");
  await rows("DELETE FROM usage_daily");
});

afterEach(() => {
  faults.clear();
  vi.useRealTimers();
});

describe.for<Fault & string>(["refuse", "lose_reply"])("D1 fails (%s)", (fault) => {
  // A run alone is two transactions: the begin's and the finish's.
  test.for([
    { write: "begin", before: 0, times: 1 },
    { write: "begin", before: 0, times: TRIES - 1 },
    { write: "finish", before: 1, times: 1 },
    { write: "finish", before: 1, times: TRIES - 1 },
    { write: "finish", before: 1, times: TRIES + 1 },
  ])("at the $write, $times times: the run is recorded once, under its own id", async ({ before, times }) => {
    faults.plan([...Array<Fault>(before).fill("none"), ...Array<Fault>(times).fill(fault)]);

    const answer = await run(AGENT, { marked: fault });

    // What was committed is found to be so, and is not tried for ever; a begin that is found extends its lease.
    expect(faults.transactions()).toBeGreaterThan(2);
    expect(faults.transactions()).toBeLessThanOrEqual(3 + times);
    expect(answer).toMatchObject({ success: true, output: { marked: fault }, tokens_input: 3 });
    expect(await storedRuns(AGENT)).toMatchObject([{ id: answer.run_id, status: "completed" }]);
    await expectAnswerToBeStored(answer);
    await expectUsageToEqualTheRows();
  });

  test("at one begin of many at once: every run has one row, under its own id", async () => {
    faults.plan(["none", fault, "none", fault, fault]);

    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => run(AGENT, { n })));

    expect(new Set(answers.map((answer) => answer.run_id)).size).toBe(40);
    expect(await storedRuns(AGENT)).toHaveLength(40);
    for (const answer of answers) await expectAnswerToBeStored(answer);
    await expectUsageToEqualTheRows();
  });
});

test("D1 that refuses every write: 503 with Retry-After, no row, and all is well once it is back", async () => {
  faults.plan([], "refuse");

  const response = await post(`/api/agents/${AGENT}/run`);

  expect(response.status).toBe(503);
  expect(response.headers.get("Retry-After")).toBe("5");
  expect(await response.json()).toMatchObject({ code: "storage_unavailable" });
  expect(await storedRuns(AGENT)).toEqual([]);
  faults.clear();
  await expectAnswerToBeStored(await run(AGENT));
});

test("a begin whose every reply is lost: 503, one row at most, and the sweep closes it as interrupted", async () => {
  faults.plan([], "lose_reply");

  const response = await post(`/api/agents/${AGENT}/run`);

  expect(response.status).toBe(503);
  expect(await storedRuns(AGENT)).toMatchObject([{ status: "running" }]);
  faults.clear();
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 10 * MINUTE_MS });
  await everyMinute(env);
  expect(await storedRuns(AGENT)).toMatchObject([{ status: "interrupted" }]);
  await expectUsageToEqualTheRows();
});

test("a finish that D1 refuses for longer than patience: 503 that names the run, which ends interrupted", async () => {
  faults.plan(["none"], "refuse");
  const answering = post(`/api/agents/${AGENT}/run`);
  await expect.poll(() => faults.transactions()).toBeGreaterThan(1);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + MINUTE_MS / 2 });

  const response = await answering;

  const [row] = await storedRuns(AGENT);
  expect(response.status).toBe(503);
  const problem = await response.json<ProblemDocument>();
  expect(problem.code).toBe("storage_unavailable");
  expect(problem.detail).toContain(`Run ${row?.id} was executed, but its result could not be recorded`);
  expect(row).toMatchObject({ status: "running" });
  faults.clear();
  vi.setSystemTime(Date.now() + 10 * MINUTE_MS);
  await everyMinute(env);
  expect(await readRun(row?.id ?? 0)).toMatchObject({ status: "interrupted", output: null });
  await expectUsageToEqualTheRows();
});

test("slots in doubt after failures are counted again from the history", async () => {
  // The finish is committed, the coordinator never learns of it, and the Worker's patience is over before it asks again.
  const loseReply = async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + MINUTE_MS / 2 });
    throw new Error("D1_ERROR: planned loss of the reply");
  };
  faults.plan(["none", { beforeReply: loseReply }], "lose_reply");
  const answering = post("/api/agents/single/run", { params: { sleep_ms: 0 } });
  expect((await answering).status).toBe(503);
  faults.clear();

  expect(await run("single", { sleep_ms: 0 })).toMatchObject({ status: "completed" });
});
