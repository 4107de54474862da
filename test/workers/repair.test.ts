import { expect, test } from "vitest";
import { post, rows, run } from "./service.ts";

interface StoredRun {
  id: number;
  agent_name: string;
  input_data: string;
  status: string;
}

test("ten concurrent runs of one agent give ten distinct non-zero ids, each its own row's, and a run count of ten", async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => run("counted-one", { n })));

  const ids = answers.map((answer) => answer.run_id);
  expect(new Set(ids).size).toBe(10);
  expect(Math.min(...ids)).toBeGreaterThan(0);
  const stored = await rows<StoredRun>("SELECT id, agent_name, input_data, status FROM agent_runs");
  expect(stored).toHaveLength(10);
  for (const [n, answer] of answers.entries()) {
    const row = stored.find(({ id }) => id === answer.run_id);
    expect(row).toMatchObject({ agent_name: "counted-one", status: "completed", input_data: JSON.stringify({ n }) });
    expect(answer.output).toEqual({ n });
  }
  const agent = await (await post("/api/agents/counted-one/run")).json<{ run_id: number }>();
  expect(ids).not.toContain(agent.run_id);
});
