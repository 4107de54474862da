import { nowMs } from "../clock.ts";
import { ExampleJobsAnswer, JobRequest } from "../contract/job.ts";
import { insertJob } from "../store/job-edits.ts";
import { readDefinition } from "./edit-job.ts";
import { defineRoute } from "./route.ts";

const NOTE = "An example: it never fires until somebody resumes it.";

/** One of each kind of trigger, of agents that are built in. */
const EXAMPLES = [
  {
    id: "example-nightly-scan",
    name: "Nightly scan",
    description: "Scans the configured targets each night.",
    agent: "scanner",
    trigger: { type: "cron", expression: "30 2 * * *" },
    timezone: "America/New_York",
    tags: ["example"],
  },
  {
    id: "example-heartbeat",
    name: "Heartbeat",
    description: "Echoes each ten minutes: whether schedules and queue are alive.",
    agent: "echo",
    params: { alive: true },
    trigger: { type: "interval", minutes: 10 },
    tags: ["example"],
  },
  {
    id: "example-market-hours",
    name: "In market hours",
    description: "Each quarter of an hour while the New York exchange is open.",
    agent: "echo",
    trigger: { type: "cron", expression: "*/15 * * * *" },
    timezone: "America/New_York",
    active_hours: { days: ["mon", "tue", "wed", "thu", "fri"], from: "09:30", to: "16:00" },
    tags: ["example"],
  },
].map((example) => JobRequest.parse({ ...example, enabled: false }));

const createExamples = defineRoute({
  method: "POST",
  path: "/api/scheduler/examples",
  tag: "Scheduler",
  summary: "Create jobs for a first look, all paused",
  description: "None fires until it is resumed. Those that are there already stay as they are.",
  access: "operator",
  answer: ExampleJobsAnswer,
  problems: [],
  async handle(_input, c) {
    const created: string[] = [];
    const atMs = nowMs();
    for (const { id = "", ...request } of EXAMPLES) {
      const definition = await readDefinition(request, c);
      const state = {
        definition,
        enabled: false,
        pausedNote: NOTE,
        next: null,
        failuresFromMs: atMs,
      };
      if (await insertJob(c.env.DB, id, state, atMs)) created.push(id);
    }
    return { body: { success: true, created, message: `${created.length} jobs are created, all paused.` } };
  },
});

export const jobExampleRoutes = [createExamples];
