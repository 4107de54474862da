import type { Server } from "./runtime.ts";

const POLL_MS = 20;
const DEADLINE_MS = 90_000;

/** Starts so many runs of echo of one kind, one after another, and answers their ids. */
export async function startInBackground(server: Server, body: unknown, count: number): Promise<number[]> {
  const ids: number[] = [];
  for (let n = 0; n < count; n++) {
    const response = await fetch(`${server.origin}/api/agents/echo/run`, {
      method: "POST",
      headers: { "content-type": "application/json", prefer: "respond-async" },
      body: JSON.stringify(body),
    });
    if (response.status !== 202) throw new Error(`a run in the background was answered ${response.status}`);
    ids.push(((await response.json()) as { run_id: number }).run_id);
  }
  return ids;
}

/** Answers how long that took, in milliseconds. */
export async function cancel(server: Server, runId: number, expected: number): Promise<number> {
  const startedAtMs = performance.now();
  const response = await fetch(`${server.origin}/api/agents/runs/${runId}/cancel`, { method: "POST" });
  await response.arrayBuffer();
  if (response.status !== expected) throw new Error(`the cancellation of run ${runId} was answered ${response.status}`);
  return performance.now() - startedAtMs;
}

/** Until no run runs or waits. */
export function untilEnded(server: Server): Promise<void> {
  return untilCount(server, "SELECT count(*) AS n FROM agent_runs WHERE status IN ('queued', 'running')", 0);
}

export function untilRunning(server: Server, count: number): Promise<void> {
  return untilCount(server, "SELECT count(*) AS n FROM agent_runs WHERE status = 'running'", count);
}

async function untilCount(server: Server, sql: string, count: number): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const now = await server.db.prepare(sql).first<number>("n");
    if (now === count) return;
    if (performance.now() > deadlineMs) throw new Error(`after ${DEADLINE_MS} ms there are ${now} runs, not ${count}`);
    await new Promise((resume) => setTimeout(resume, POLL_MS));
  }
}
