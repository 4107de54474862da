import type { Load } from "./load.ts";

export interface ListedRun {
  id: number;
  agent_name: string;
  status: string;
  job_id: string | null;
  nominal_at: string | null;
}

const TERMINAL = new Set(["completed", "failed", "cancelled", "timed_out", "interrupted"]);

/** What the history does not keep of what was promised; empty where it keeps all. */
export async function checkHistory(origin: string, load: Load): Promise<string[]> {
  const runs = await everyRun(origin);
  const byId = new Map(runs.map((run) => [run.id, run]));
  const { agents } = (await (await fetch(`${origin}/api/agents`)).json()) as {
    agents: { name: string; run_count: number }[];
  };
  const counted = agents.find((agent) => agent.name === "echo")?.run_count;
  const statuses = Object.entries(Object.groupBy(runs, (run) => run.status));
  console.log(`${runs.length} runs stored: ${statuses.map(([status, of]) => `${of?.length} ${status}`).join(", ")}`);
  return [
    ...(byId.size === runs.length ? [] : ["a run is listed twice"]),
    ...[...load.acknowledged].filter((id) => !byId.has(id)).map((id) => `run ${id} was acknowledged and is not there`),
    ...runs.filter((run) => !TERMINAL.has(run.status)).map((run) => `run ${run.id} is ${run.status} for ever`),
    ...[...load.byKey].filter(([, ids]) => ids.size > 1).map(([key, ids]) => `${key} was answered as ${[...ids]}`),
    ...(counted === runs.length ? [] : [`run_count is ${counted}, and there are ${runs.length} runs`]),
    ...(load.acknowledged.size > 0 ? [] : ["nothing was acknowledged, so nothing was tested"]),
  ];
}

/** How many runs have not ended: at once where none is left, and at the latest after so long. */
export async function liveRunsAfter(origin: string, maxMs: number): Promise<number> {
  const untilMs = Date.now() + maxMs;
  for (;;) {
    const live = (await everyRun(origin)).filter((run) => !TERMINAL.has(run.status)).length;
    if (live === 0 || Date.now() > untilMs) return live;
    await new Promise((wake) => setTimeout(wake, 500));
  }
}

export async function everyRun(origin: string): Promise<ListedRun[]> {
  const runs: ListedRun[] = [];
  for (let cursor = ""; ; ) {
    const page = await fetch(`${origin}/api/agents/runs?limit=200${cursor}`);
    const { runs: more, next_cursor } = (await page.json()) as { runs: ListedRun[]; next_cursor: string | null };
    runs.push(...more);
    if (next_cursor === null) return runs;
    cursor = `&cursor=${next_cursor}`;
  }
}
