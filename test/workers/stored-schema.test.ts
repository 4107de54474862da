import { env } from "cloudflare:test";
import { expect, test } from "vitest";
import { RUN_STATUSES } from "../../src/contract/run.ts";
import { SELECT_ACTIVITY } from "../../src/store/agent-activity.ts";
import { SELECT_NEXT_TRIGGERS } from "../../src/store/agent-schedules.ts";
import { INSERT_VERSION, PUT_IN_FORCE, SELECT_CHANGE } from "../../src/store/agent-version-write.ts";
import { SELECT_CURRENT_VERSION, SELECT_VERSION, SELECT_VERSIONS } from "../../src/store/agent-versions.ts";
import { CLOSE_AUDIT, SELECT_AUDIT } from "../../src/store/audit.ts";
import { RESERVE, SETTLE } from "../../src/store/budget-statements.ts";
import { INSERT_WARNINGS, SELECT_WARNING } from "../../src/store/budget-warnings.ts";
import { SELECT_PERIODS, SELECT_SHARED_BUDGET } from "../../src/store/budgets.ts";
import { SELECT_FIRE_MARKS } from "../../src/store/fire-marks.ts";
import { ADVANCE_JOB, BACKFILL_FIRES, INSERT_FIRES, NAME_RUNS, RELEASE_BUFFERED } from "../../src/store/job-claims.ts";
import { DELETE_JOB, REJECT_OPEN, SKIP_BUFFERED, UPDATE_JOB } from "../../src/store/job-edits.ts";
import {
  RECORD_RESULTS,
  SELECT_BACKLOG,
  SELECT_FIRE,
  SELECT_FIRES,
  SELECT_FIRES_OF_JOB,
  SELECT_JOBS_TO_DO,
  SELECT_LATEST_ENDS,
  SELECT_LIVE_RUNS_OF_JOB,
  SELECT_NEXT_DUE,
  SELECT_OPEN_FIRES,
  SELECT_WAITING,
} from "../../src/store/job-fires.ts";
import {
  SELECT_JOB,
  SELECT_JOBS,
  SELECT_JOBS_BY_ID,
  SELECT_JOBS_OF_AGENT,
  SELECT_NEXT_JOBS,
} from "../../src/store/jobs.ts";
import { SELECT_KEYED_FIRE } from "../../src/store/keyed-fires.ts";
import { COUNT_LIVE_RUNS, SELECT_AGENT_STATE, SELECT_OVERDUE_AGENTS } from "../../src/store/live-runs.ts";
import { DELETE_PRICE, PUT_PRICE, SELECT_PRICE } from "../../src/store/model-prices.ts";
import { ROLL_UP_MODELS } from "../../src/store/model-usage-statements.ts";
import { APPEND_EVENTS, RECORD_ATTEMPT_END, RECORD_CANCEL_REQUEST } from "../../src/store/run-event-statements.ts";
import { SELECT_EVENTS } from "../../src/store/run-events.ts";
import {
  CLAIM_RUN,
  CLOSE_RUN,
  EXTEND_LEASE,
  HAND_OVER,
  INSERT_RUN,
  PUT_BACK_RUN,
  REQUEST_CANCEL,
  RETRY_RUN,
  ROLL_UP_USAGE,
} from "../../src/store/run-statements.ts";
import { SELECT_BY_REQUEST_KEY } from "../../src/store/run-writes.ts";
import { FIRST_RUN_ID_SINCE, listStatement, SELECT_RUN } from "../../src/store/runs.ts";
import { DELETE_ENDED_SESSIONS, DELETE_SESSION, SELECT_SESSION } from "../../src/store/sessions.ts";
import {
  RECORD_TOKEN_USE,
  REVOKE_TOKEN,
  SELECT_TOKEN,
  SELECT_TOKEN_BY_HASH,
  SELECT_TOKENS,
} from "../../src/store/tokens.ts";
import { SELECT_HOURS, SELECT_MODEL_USAGE_SINCE, SELECT_USAGE_SINCE } from "../../src/store/usage.ts";
import { INSERT_DELIVERIES, RESTART_DELIVERY, SELECT_RUN_WEBHOOK } from "../../src/store/webhook-deliveries.ts";
import { TRIES } from "../../src/store/webhook-tries.ts";
import { rows } from "./service.ts";

test("the schema is the one that was last looked at", async () => {
  const schema = await rows<{ sql: string }>(
    `SELECT sql FROM sqlite_master
      WHERE sql IS NOT NULL AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' AND name <> 'd1_migrations'
      ORDER BY type DESC, name`,
  );
  expect(schema.map(({ sql }) => `${sql};`).join("\n\n")).toMatchSnapshot();
});

const lists = [null, "echo"].flatMap((agentName) =>
  [null, ...RUN_STATUSES].map((status) => ({
    what: `list runs of ${agentName ?? "every agent"}, ${status ?? "any status"}`,
    sql: listStatement({ agentName, status }),
  })),
);

test.for([
  ...lists,
  { what: "a run", sql: SELECT_RUN },
  { what: "insert a run where budgets have room", sql: INSERT_RUN },
  { what: "reserve of budgets", sql: RESERVE },
  { what: "settle budgets", sql: SETTLE },
  { what: "where budgets stand", sql: SELECT_PERIODS },
  { what: "the budget for all", sql: SELECT_SHARED_BUDGET },
  { what: "claim", sql: CLAIM_RUN },
  { what: "put a run back", sql: PUT_BACK_RUN },
  { what: "extend a lease", sql: EXTEND_LEASE },
  { what: "hand over", sql: HAND_OVER },
  { what: "request to cancel", sql: REQUEST_CANCEL },
  { what: "close", sql: CLOSE_RUN },
  { what: "retry", sql: RETRY_RUN },
  { what: "append events", sql: APPEND_EVENTS },
  { what: "record an attempt's end", sql: RECORD_ATTEMPT_END },
  { what: "record a request to cancel", sql: RECORD_CANCEL_REQUEST },
  { what: "a run's events", sql: SELECT_EVENTS },
  { what: "roll up the usage of models", sql: ROLL_UP_MODELS },
  { what: "the usage of models since a day", sql: SELECT_MODEL_USAGE_SINCE },
  { what: "a price", sql: SELECT_PRICE },
  { what: "put a price", sql: PUT_PRICE },
  { what: "delete a price", sql: DELETE_PRICE },
  { what: "roll up usage", sql: ROLL_UP_USAGE },
  { what: "a run by its request key", sql: SELECT_BY_REQUEST_KEY },
  { what: "an agent's state", sql: SELECT_AGENT_STATE },
  { what: "agents with overdue runs", sql: SELECT_OVERDUE_AGENTS },
  { what: "make a version of an agent", sql: INSERT_VERSION },
  { what: "put a version of an agent in force", sql: PUT_IN_FORCE },
  { what: "a version that was just made", sql: SELECT_CHANGE },
  { what: "an agent in force", sql: SELECT_CURRENT_VERSION },
  { what: "a version of an agent", sql: SELECT_VERSION },
  { what: "an agent's versions", sql: SELECT_VERSIONS },
  { what: "agents' hours", sql: SELECT_HOURS },
  { what: "marks of jobs' slots", sql: SELECT_FIRE_MARKS },
  { what: "how many runs live", sql: COUNT_LIVE_RUNS },
  { what: "the next jobs", sql: SELECT_NEXT_JOBS },
  { what: "agents' activity", sql: SELECT_ACTIVITY },
  { what: "read a fire by its key", sql: SELECT_KEYED_FIRE },
  { what: "read agents' schedules", sql: SELECT_NEXT_TRIGGERS },
  { what: "the first run since an instant", sql: FIRST_RUN_ID_SINCE },
  { what: "usage since a day", sql: SELECT_USAGE_SINCE },
  { what: "make deliveries of webhooks", sql: INSERT_DELIVERIES },
  ...Object.entries(TRIES).flatMap(([kind, { claim, giveUp, record, overdue }]) => [
    { what: `claim a try of a webhook of a ${kind}`, sql: claim },
    { what: `give up a webhook of a ${kind}`, sql: giveUp },
    { what: `record a try of a webhook of a ${kind}`, sql: record },
    { what: `overdue webhooks of a ${kind}`, sql: overdue },
  ]),
  { what: "make deliveries of budget warnings", sql: INSERT_WARNINGS },
  { what: "a budget warning", sql: SELECT_WARNING },
  { what: "restart a webhook", sql: RESTART_DELIVERY },
  { what: "a run's webhook", sql: SELECT_RUN_WEBHOOK },
  { what: "a job", sql: SELECT_JOB },
  { what: "jobs by their ids", sql: SELECT_JOBS_BY_ID },
  { what: "a page of jobs", sql: SELECT_JOBS },
  { what: "a page of an agent's jobs", sql: SELECT_JOBS_OF_AGENT },
  { what: "change a job", sql: UPDATE_JOB },
  { what: "delete a job", sql: DELETE_JOB },
  { what: "skip what waits of a paused job", sql: SKIP_BUFFERED },
  { what: "reject what is open of a deleted job", sql: REJECT_OPEN },
  { what: "record slots", sql: INSERT_FIRES },
  { what: "advance a job", sql: ADVANCE_JOB },
  { what: "have slots name their runs", sql: NAME_RUNS },
  { what: "backfill", sql: BACKFILL_FIRES },
  { what: "release what waits", sql: RELEASE_BUFFERED },
  { what: "jobs with something to do", sql: SELECT_JOBS_TO_DO },
  { what: "promised fires", sql: SELECT_OPEN_FIRES },
  { what: "record begun runs of jobs", sql: RECORD_RESULTS },
  { what: "when the next job is due", sql: SELECT_NEXT_DUE },
  { what: "whether a fire waits", sql: SELECT_WAITING },
  { what: "the scheduler's backlog", sql: SELECT_BACKLOG },
  { what: "a job's live runs", sql: SELECT_LIVE_RUNS_OF_JOB },
  { what: "how a job's runs ended", sql: SELECT_LATEST_ENDS },
  { what: "a page of fires", sql: SELECT_FIRES },
  { what: "a page of a job's fires", sql: SELECT_FIRES_OF_JOB },
  { what: "a fire", sql: SELECT_FIRE },
  { what: "a token by its hash", sql: SELECT_TOKEN_BY_HASH },
  { what: "a token", sql: SELECT_TOKEN },
  { what: "tokens", sql: SELECT_TOKENS },
  { what: "revoke a token", sql: REVOKE_TOKEN },
  { what: "record a token's use", sql: RECORD_TOKEN_USE },
  { what: "record what became of a change", sql: CLOSE_AUDIT },
  { what: "the record of changes", sql: SELECT_AUDIT },
  { what: "a session", sql: SELECT_SESSION },
  { what: "end a session", sql: DELETE_SESSION },
  { what: "delete the sessions that have ended", sql: DELETE_ENDED_SESSIONS },
])("no full scan of the stored rows: $what", async ({ sql }) => {
  const plan = await planOf(sql);

  expect(plan.filter((step) => /SEARCH|SCAN/.test(step))).not.toEqual([]);
  // Walking a partial index of what is live or open, which is little, is the sweep's question itself.
  const scans = plan.filter((step) =>
    /^SCAN (jobs|job_fires|fire|agent_runs|run|run_events|event|last|usage|usage_daily|usage_daily_by_model|agents|agent_versions|version|webhook_deliveries|delivery|budget_warnings|told|api_tokens|sessions|audit_log|budget_periods|period|shared|shared_budget)\b/.test(
      step,
    ),
  );
  expect(scans.filter((step) => !/agent_runs_live|job_fires_open/.test(step))).toEqual([]);
});

test.for([
  { agentName: null, status: null, plan: "USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" },
  { agentName: null, status: "completed", plan: "USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" },
  { agentName: null, status: "failed", plan: "USING INDEX agent_runs_unhappy (status=? AND rowid>? AND rowid<?)" },
  { agentName: "echo", status: null, plan: "USING INDEX agent_runs_by_agent (agent_name=? AND rowid>? AND rowid<?)" },
  {
    agentName: "echo",
    status: "timed_out",
    plan: "USING INDEX agent_runs_unhappy_by_agent (agent_name=? AND status=? AND rowid>? AND rowid<?)",
  },
  {
    agentName: "echo",
    status: "running",
    plan: "USING INDEX agent_runs_live (agent_name=? AND rowid>? AND rowid<?)",
  },
] as const)("a list of agent $agentName, status $status goes by its own index", async ({ plan, ...filter }) => {
  expect(await planOf(listStatement(filter))).toEqual([`SEARCH agent_runs ${plan}`]);
});

async function planOf(sql: string): Promise<string[]> {
  const parameters = new Set(sql.match(/\?\d+/g)).size;
  const statement = env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...Array(parameters).fill(1));
  const { results } = await statement.all<{ detail: string }>();
  return results.map(({ detail }) => detail);
}
