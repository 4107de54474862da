import { everyRun } from "./check-history.ts";

const JOB_ID = "every-second";
const EVERY_MS = 1_000;

interface ListedFire {
  nominal_at: string;
  outcome: string;
  run_id: number | null;
}

/** A job that fires every second, whatever has become of the runs before, and makes up for what it missed. */
export function createJob(origin: string): Promise<unknown> {
  return post(`${origin}/api/scheduler/jobs`, {
    id: JOB_ID,
    name: "Every second",
    agent: "echo",
    params: { of: JOB_ID },
    trigger: { type: "interval", seconds: EVERY_MS / 1_000 },
    overlap: "allow_all",
    coalesce: false,
  });
}

export function pauseJob(origin: string): Promise<unknown> {
  return post(`${origin}/api/scheduler/jobs/${JOB_ID}/pause`, {});
}

/** What of the job's slots is doubled, left out or without its run; empty where nothing is. */
export async function checkSlots(origin: string): Promise<string[]> {
  const fires = (await everyFire(origin)).toReversed();
  const runs = (await everyRun(origin)).filter((run) => run.job_id === JOB_ID);
  const bySlot = Map.groupBy(runs, (run) => run.nominal_at);
  const outcomes = Object.entries(Object.groupBy(fires, (fire) => fire.outcome));
  console.log(`${fires.length} slots: ${outcomes.map(([outcome, of]) => `${of?.length} ${outcome}`).join(", ")}`);
  const complaints = fires.flatMap(({ nominal_at, outcome, run_id }, n) => {
    const passedMs = n === 0 ? EVERY_MS : Date.parse(nominal_at) - Date.parse(fires[n - 1]?.nominal_at ?? "");
    const ids = bySlot.get(nominal_at)?.map((run) => run.id) ?? [];
    const right = outcome === "fired" ? ids.length === 1 && ids[0] === run_id : ids.length === 0;
    return [
      ...(passedMs === EVERY_MS ? [] : [`slot ${nominal_at} is ${passedMs} ms after the one before`]),
      ...(right ? [] : [`slot ${nominal_at} is ${outcome} as run ${run_id}, and its runs are ${ids}`]),
    ];
  });
  const slots = new Set(fires.map((fire) => fire.nominal_at));
  return [
    ...complaints,
    ...runs
      .filter((run) => !slots.has(run.nominal_at ?? ""))
      .map((run) => `run ${run.id} is of a slot without a record`),
    ...(fires.some(({ outcome }) => outcome === "fired") ? [] : ["the job never fired, so nothing was tested"]),
  ];
}

/** The newest first. */
async function everyFire(origin: string): Promise<ListedFire[]> {
  const fires: ListedFire[] = [];
  for (let cursor = ""; ; ) {
    const page = await fetch(`${origin}/api/scheduler/history?job_id=${JOB_ID}&limit=500${cursor}`);
    const { history, next_cursor } = (await page.json()) as { history: ListedFire[]; next_cursor: string | null };
    fires.push(...history);
    if (next_cursor === null) return fires;
    cursor = `&cursor=${next_cursor}`;
  }
}

async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
}
