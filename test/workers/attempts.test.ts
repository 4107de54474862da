import { expect, test } from "vitest";
import { expectAnswerToBeStored, expectUsageToEqualTheRows } from "./history.ts";
import { readRun, run } from "./service.ts";

test("an agent that throws is a failed run with its message, its usage so far and its log", async () => {
  const answer = await run("thrower");

  expect(answer).toMatchObject({
    success: false,
    status: "failed",
    error: "the moon is not available",
    message: "the moon is not available",
    output: null,
    tokens_input: 7,
    estimated_cost: 0.25,
  });
  await expectAnswerToBeStored(answer);
  const stored = await readRun(answer.run_id);
  expect(stored.events).toMatchObject([{ type: "log", message: "about to throw", data: { at: "once" } }]);
  await expectUsageToEqualTheRows();
});

test("a result that does not fit the agent's output schema is a failed run that says where", async () => {
  const answer = await run("liar");
  expect(answer).toMatchObject({ status: "failed", output: null });
  expect(answer.error).toBe(
    'The agent\'s result does not fit the output schema of "liar": output.answer: Invalid input: expected number, received string',
  );
});

test("an agent that ignores its deadline is timed out, and its late result changes nothing", async () => {
  const answer = await run("deaf");

  expect(answer).toMatchObject({ success: false, status: "timed_out", output: null });
  expect(answer.error).toBe(
    "The agent did not finish within its deadline of 100 ms. Give it less to do, or raise its timeoutMs.",
  );
  expect(answer.duration_ms).toBeLessThan(2_000);
  await new Promise((wake) => setTimeout(wake, 2_000));
  await expectAnswerToBeStored(answer);
});

test("an agent that heeds its signal is timed out, not failed", async () => {
  expect(await run("obedient")).toMatchObject({ status: "timed_out" });
});

test("a result that JSON cannot hold is a failed run that says so", async () => {
  const answer = await run("circular");
  expect(answer).toMatchObject({ status: "failed", output: null });
  expect(answer.error).toContain("what JSON cannot hold");
});

test("a negative usage is the agent's fault and is not counted", async () => {
  expect(await run("dead-beat")).toMatchObject({
    status: "failed",
    error: "RangeError: usage.add: inputTokens must be a number from 0 up, not -1",
    tokens_input: 0,
  });
  await expectUsageToEqualTheRows();
});

test("an output over 512 KB is cut, marked, and stored as it was answered", async () => {
  const answer = await run("verbose", { chars: 300_000, lines: 0 }); // two bytes each

  expect(answer).toMatchObject({ status: "completed", output_truncated: true });
  const kept = new TextEncoder().encode(String(answer.output)).length;
  expect(kept).toBeLessThanOrEqual(512 * 1024);
  expect(kept).toBeGreaterThan(512 * 1024 - 4);
  expect(answer.output).toMatch(/^"üüü/);
  await expectAnswerToBeStored(answer);
  expect(await readRun(answer.run_id)).toMatchObject({ output_truncated: true });
});

test("an output up to 512 KB is kept whole", async () => {
  const answer = await run("verbose", { chars: 262_143, lines: 0 });
  expect(answer).toMatchObject({ status: "completed", output_truncated: false, output: "ü".repeat(262_143) });
});

test("a log over its limit keeps its beginning and says how much it dropped", async () => {
  const { run_id } = await run("verbose", { chars: 1, lines: 250 });
  const stored = await readRun(run_id);
  expect(stored.events).toHaveLength(201);
  expect(stored.events.at(-1)).toMatchObject({ type: "log_dropped", seq: 201, attempt: 1, count: 50 });
  expect(stored.events[0]).toMatchObject({ message: "line 0", data: { text: "é".repeat(50) } });
});

test("an agent gets its parsed input, and the history keeps what was sent", async () => {
  const answer = await run("strict", { city: "Oslo" });
  expect(answer.output).toEqual({ city: "Oslo", days: 3 });
  expect(await readRun(answer.run_id)).toMatchObject({ input: { city: "Oslo" } });
});

test("a run without a body is a run with empty params", async () => {
  const answer = await run("echo");
  expect(answer).toMatchObject({ status: "completed", output: {} });
  expect(await readRun(answer.run_id)).toMatchObject({ input: {} });
});

test("an agent is told its run, its attempt, its environment and its service's origin", async () => {
  const answer = await run("introspective");
  expect(answer.output).toEqual({
    runId: answer.run_id,
    attempt: 1,
    serviceOrigin: "http://127.0.0.1:8787",
    hasDatabase: true,
  });
});
