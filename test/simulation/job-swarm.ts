import { OVERLAP_POLICIES } from "../../src/contract/job-fire.ts";
import type { Chance } from "./chance.ts";
import type { JobCall } from "./job-clients.ts";
import type { ScriptedInput, Step } from "./scripted-agent.ts";
import { MINUTE_MS, START_MS } from "./stage.ts";
import type { Swarm } from "./swarm.ts";

/** What may happen to jobs next, each as likely as the seed makes it. */
const JOB_ACTIONS = [
  "tick",
  "message",
  "pass",
  "create",
  "pause",
  "resume",
  "patch",
  "delete",
  "trigger",
  "backfill",
] as const;
export type JobAction = (typeof JOB_ACTIONS)[number];

/** None that goes on until its deadline: what waits for it would wait for hours. */
const SHORT_STEPS = ["complete", "throw", "never", "after"] as const satisfies Step[];

/** A job as it is asked for, but for its id. */
export interface JobBody {
  [field: string]: unknown;
  agent: string;
  params: ScriptedInput;
}

/** What one seed makes likely of jobs: see Swarm. */
export interface JobSwarm {
  jobs: { id: string; body: JobBody }[];
  /** So many things happen to jobs at most after anything else that happens. */
  most: number;
  weights: Record<JobAction, number>;
  /** About the time between two slots. */
  everyMs: number;
  /** One in ten of a clock's effects takes so long at most: others tick meanwhile. */
  clockStallMs: number;
}

export function createJobSwarm(chance: Chance, swarm: Swarm): JobSwarm {
  const { between, happens, pick } = chance;
  const weight = (usual: number) => (happens(0.3) ? 0 : between(1, usual));
  const everyS = pick([5, 20, 60]);
  return {
    jobs: Array.from({ length: happens(0.35) ? 0 : between(1, 3) }, (_, n) => ({
      id: `job-${n}`,
      body: jobBody(chance, swarm, { mark: `job-${n}`, everyS }),
    })),
    most: pick([1, 2, 4]),
    weights: {
      tick: between(1, 8),
      message: weight(4),
      pass: between(5, 20),
      create: weight(2),
      pause: weight(3),
      resume: weight(5),
      patch: weight(3),
      delete: weight(2),
      trigger: weight(4),
      backfill: weight(3),
    },
    everyMs: everyS * 1_000,
    clockStallMs: swarm.calm ? 100 : pick([100, everyS * 1_000, everyS * 3_000]),
  };
}

function jobBody(
  { between, happens, pick }: Chance,
  swarm: Swarm,
  { mark, everyS }: { mark: string; everyS: number },
): JobBody {
  return {
    name: mark,
    agent: pick(swarm.limits).name,
    params: {
      mark,
      workMs: between(0, Math.min(MINUTE_MS, pick([50, everyS * 500, everyS * 3_000]))),
      deaf: happens(0.1),
      script: Array.from({ length: between(1, 2) }, () => (happens(0.6) ? "complete" : pick(SHORT_STEPS))),
    },
    trigger: pick([
      { type: "interval", seconds: everyS },
      { type: "interval", seconds: everyS },
      { type: "cron", expression: `*/${pick([1, 2])} * * * *` },
      { type: "date", run_date: new Date(START_MS + between(1, 10 * MINUTE_MS)).toISOString() },
    ]),
    overlap: pick(OVERLAP_POLICIES),
    misfire_grace_s: pick([1, 10, 300, 300, 300]),
    coalesce: happens(0.5),
    jitter_s: pick([0, 0, 0, 7]),
    max_fires: pick([null, null, null, 4]),
    pause_after_failures: pick([null, null, 2]),
    active_hours: pick([null, null, null, { days: ["mon"], from: "23:00", to: "23:05" }]),
  };
}

/** Something that a caller may ask of a job. */
export function jobCallOf(
  action: Exclude<JobAction, "tick" | "message" | "pass">,
  { id, body }: JobSwarm["jobs"][number],
  nowMs: number,
  { between, pick }: Chance,
): JobCall {
  switch (action) {
    case "create":
      return { action, jobId: id, body };
    case "patch": {
      const changes = [
        { trigger: { type: "interval", seconds: between(2, 12) * 5 } },
        { misfire_grace_s: pick([1, 300]) },
        { end_at: new Date(nowMs + between(1, 3 * MINUTE_MS)).toISOString() },
        { end_at: null },
        { max_fires: pick([null, 6]) },
        { enabled: true },
      ];
      return { action, jobId: id, body: pick(changes) };
    }
    case "backfill": {
      const fromMs = nowMs - between(0, 5 * MINUTE_MS);
      const to = new Date(fromMs + between(0, MINUTE_MS)).toISOString();
      return { action, jobId: id, body: { from: new Date(fromMs).toISOString(), to } };
    }
    default:
      return { action, jobId: id };
  }
}
