import { nowMs } from "../../clock.ts";
import type { BudgetReport } from "../../contract/budget.ts";
import type { RunStatus } from "../../contract/run.ts";
import type { RunOutline } from "../../contract/run-record.ts";
import { dayOf } from "../../core/day.ts";
import { listNextJobs } from "../../store/jobs.ts";
import { countLiveRuns, type LiveCounts } from "../../store/live-runs.ts";
import { listRunOutlines } from "../../store/runs.ts";
import { readHoursSince, readUsageSince } from "../../store/usage.ts";
import { agentSummaries } from "../agent-view.ts";
import type { AppContext } from "../app-context.ts";
import { budgetReport } from "../budgets.ts";
import { costOf } from "../costs.ts";
import { jobSummary } from "../job-view.ts";
import { AgentCards, type HoursByAgent } from "./agent-cards.tsx";
import { BudgetBars } from "./budget-bars.tsx";
import { FirstSteps } from "./first-steps.tsx";
import { countOf, formatCount, formatPercent, formatUsd } from "./format.ts";
import { answerPage, mayDo } from "./layout.tsx";
import { NextFires } from "./next-fires.tsx";
import { RunLines } from "./run-lines.tsx";
import { countEnds, firstHourOf } from "./sparkline.tsx";

const SHOWN_AGENTS = 48;
const SHOWN_RUNS = 6;
const SHOWN_JOBS = 5;
const SHOWN_BUDGETS = 6;
/** Runs that have not ended are counted so far. */
const MAX_COUNTED_RUNS = 10_000;
const DAY_MS = 86_400_000;

/** How things are: the agents, what runs, what went wrong, what it cost. Of a service without runs: what to do first. */
export async function overviewPage(c: AppContext): Promise<Response> {
  const all = await c.get("registry").list(c.env.DB);
  const after = c.req.query("after") ?? "";
  const first = after === "" ? 0 : all.findIndex(({ name }) => name === after) + 1;
  const agents = all.slice(first, first + SHOWN_AGENTS);
  const names = agents.map(({ name }) => name);
  const atMs = nowMs();
  const [summaries, hours, live, inFlight, failures, usage, jobs, { budgets }] = await Promise.all([
    agentSummaries(agents, c),
    readHoursSince(c.env.DB, { agentNames: names, firstHour: firstHourOf(atMs) }),
    countLiveRuns(c.env.DB, MAX_COUNTED_RUNS),
    runsWith(["running", "queued"], 0, c),
    runsWith(["failed", "timed_out", "interrupted"], atMs - DAY_MS, c),
    readUsageSince(c.env.DB, dayOf(atMs)),
    listNextJobs(c.env.DB, SHOWN_JOBS),
    budgetReport(c),
  ]);
  const byAgent: HoursByAgent = Map.groupBy(hours, ({ agent_name }) => agent_name);
  const isEmpty = summaries.every(({ last_run }) => last_run === null) && first === 0;
  const next = first + SHOWN_AGENTS < all.length ? (names.at(-1) ?? null) : null;
  return answerPage(
    c,
    { title: "Overview", section: "Overview" },
    <div data-live="overview">
      <div class="head">
        <h1>Overview</h1>
      </div>
      {isEmpty ? (
        <FirstSteps mayRun={mayDo(c, "operator")} origin={new URL(c.req.url).origin} />
      ) : (
        <>
          <Tiles ends={countEnds(hours)} live={live} costUsd={costOf(usage)} />
          <div class="halves">
            <div>
              <RunLines title="In flight" runs={inFlight} none="Nothing runs just now." />
              <section class="card">
                <div class="card-head">
                  <h2>Next fires</h2>
                  <a class="small" href="/schedule">
                    Schedule
                  </a>
                </div>
                <NextFires jobs={jobs.map(jobSummary)} />
              </section>
            </div>
            <div>
              <RunLines title="Needs a look" runs={failures} none="No run went wrong in 24 hours." />
              <Spend budgets={budgets} maySet={mayDo(c, "admin")} />
            </div>
          </div>
        </>
      )}
      <h2>{countOf(all.length, "agent")}</h2>
      <AgentCards agents={summaries} hours={byAgent} atMs={atMs} />
      {next !== null && <a href={`/?after=${encodeURIComponent(next)}`}>More agents</a>}
    </div>,
  );
}

async function runsWith(statuses: readonly RunStatus[], sinceMs: number, c: AppContext): Promise<RunOutline[]> {
  const filter = { agentName: null, sinceMs: null, untilMs: null, beforeId: null, limit: SHOWN_RUNS };
  const lists = await Promise.all(statuses.map((status) => listRunOutlines(c.env.DB, { ...filter, status })));
  return lists
    .flat()
    .filter((run) => run.created_at >= sinceMs)
    .sort((a, b) => b.id - a.id)
    .slice(0, SHOWN_RUNS);
}

function Tiles(props: { ends: { completed: number; wrong: number }; live: LiveCounts; costUsd: number }) {
  const { completed, wrong } = props.ends;
  const ended = completed + wrong;
  return (
    <dl class="tiles">
      <div class="tile">
        <dt>In flight</dt>
        <dd>
          {formatCount(props.live.running)}
          {props.live.queued > 0 && <small>{` and ${formatCount(props.live.queued)} waiting`}</small>}
        </dd>
      </div>
      <div class="tile">
        <dt>Ended in 24 h</dt>
        <dd>{formatCount(ended)}</dd>
      </div>
      <div class="tile">
        <dt>Success in 24 h</dt>
        <dd>{ended === 0 ? "–" : formatPercent(completed / ended)}</dd>
      </div>
      <div class="tile">
        <dt>Cost today (UTC)</dt>
        <dd>{formatUsd(props.costUsd)}</dd>
      </div>
    </dl>
  );
}

/** The limits that are nearest to their end. */
function Spend({ budgets, maySet }: { budgets: BudgetReport["budgets"]; maySet: boolean }) {
  const share = ({ spent_usd, limit_usd }: BudgetReport["budgets"][number]) =>
    limit_usd === 0 ? 1 : spent_usd / limit_usd;
  const shown = budgets.toSorted((a, b) => share(b) - share(a)).slice(0, SHOWN_BUDGETS);
  return (
    <section class="card">
      <div class="card-head">
        <h2>Spend against budget</h2>
        <a class="small" href="/settings#budgets">
          {maySet ? "Set budgets" : "Budgets"}
        </a>
      </div>
      {shown.length === 0 ? (
        <p class="empty">No budget is set: runs may cost what they like.</p>
      ) : (
        <BudgetBars budgets={shown} agent={true} />
      )}
    </section>
  );
}
