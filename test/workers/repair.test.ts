import { afterEach, expect, test } from "vitest";
import type { AgentDetail } from "../../src/contract/agent.ts";
import { faults } from "../faults.ts";
import { expectAnswerToBeStored, expectUsageToEqualTheRows, storedRuns } from "./history.ts";
import { getJson, rows, run } from "./service.ts";

afterEach(() => faults.clear());

test("ten concurrent runs of one agent give ten distinct non-zero ids that match their rows, and a run count of ten", async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => run("counted-one", { n })));

  const ids = answers.map((answer) => answer.run_id);
  expect(new Set(ids).size).toBe(10);
  expect(Math.min(...ids)).toBeGreaterThan(0);
  const stored = new Map((await storedRuns("counted-one")).map((row) => [row.id, row]));
  expect(stored.size).toBe(10);
  for (const [n, answer] of answers.entries()) {
    expect(stored.get(answer.run_id)).toMatchObject({ status: "completed", input_data: JSON.stringify({ n }) });
  }
  const agent = await getJson<AgentDetail>("/api/agents/counted-one");
  expect(agent.run_count).toBe(10);
});

test("the id answered is the INSERT's own though another agent writes before the reply arrives", async () => {
  const insertOther = (db: D1Database) =>
    db
      .prepare(
        `INSERT INTO agent_runs (agent_name, framework, status, input_data, created_at, request_key, attempt)
         VALUES ('counted-three', 'code', 'queued', '{}', 0, ?1, 1)`,
      )
      .bind(crypto.randomUUID())
      .run();
  faults.plan([], { beforeReply: insertOther });

  const answers = await Promise.all(Array.from({ length: 5 }, (_, n) => run("counted-two", { n })));

  const [newest] = await rows<{ id: number }>("SELECT max(id) AS id FROM agent_runs");
  for (const answer of answers) {
    expect(answer.run_id).not.toBe(newest?.id);
    await expectAnswerToBeStored(answer);
  }
  expect((await storedRuns("counted-two")).map((row) => row.id)).toEqual(
    answers.map((answer) => answer.run_id).sort((a, b) => a - b),
  );
});

test("an id is never given out again after the newest run is deleted", async () => {
  const first = await run("counted-four");
  await rows("DELETE FROM agent_runs WHERE id = ?1", first.run_id);

  const second = await run("counted-four");

  expect(second.run_id).toBeGreaterThan(first.run_id);
});

test("500 concurrent runs over five agents: ids are unique, rows are the answers, counts and usage are exact", async () => {
  await rows("DELETE FROM agent_runs");
  await rows("DELETE FROM usage_daily");
  const agents = ["one", "two", "three", "four", "five"].map((name) => `counted-${name}`);

  const answers = await Promise.all(Array.from({ length: 500 }, (_, n) => run(agents[n % agents.length] ?? "", { n })));

  expect(new Set(answers.map((answer) => answer.run_id)).size).toBe(500);
  const stored = await rows<{ id: number; agent_name: string; status: string; output_data: string }>(
    "SELECT id, agent_name, status, output_data FROM agent_runs ORDER BY id",
  );
  const answered = answers
    .map(({ run_id, agent, status, output }) => ({
      id: run_id,
      agent_name: agent,
      status,
      output_data: JSON.stringify(output),
    }))
    .sort((a, b) => a.id - b.id);
  expect(stored).toEqual(answered);
  for (const name of agents) {
    const agent = await getJson<AgentDetail>(`/api/agents/${name}`);
    expect(agent).toMatchObject({ run_count: 100, total_cost: 0.0001, status: "idle" });
  }
  await expectUsageToEqualTheRows();
});

test("while one run of an agent works for two seconds, a hundred others of it begin and finish", async () => {
  const sleeper = run("echo", { sleep_ms: 2_000 });
  await expect.poll(async () => (await storedRuns("echo")).length).toBe(1);

  const others = await Promise.all(Array.from({ length: 100 }, (_, n) => run("echo", { n })));

  const asleep = await storedRuns("echo");
  expect(asleep.filter((row) => row.status === "running")).toHaveLength(1);
  const slept = await sleeper;
  expect(slept).toMatchObject({ status: "completed", output: { sleep_ms: 2_000 } });
  for (const other of others)
    expect(Date.parse(other.completed_at ?? "")).toBeLessThan(Date.parse(slept.completed_at ?? ""));
});
