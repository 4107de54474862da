import { nowMs } from "../../clock.ts";
import type { RunStatus, RunSummary } from "../../contract/run.ts";
import { type RecentRun, readRecentRuns } from "../../store/recent-runs.ts";
import { listRuns } from "../../store/runs.ts";
import { agentSummaries } from "../agent-view.ts";
import type { AppContext } from "../app-context.ts";
import { readCostReport } from "../costs.ts";
import { runSummary } from "../run-view.ts";
import { AgentCards } from "./agent-cards.tsx";
import { FirstSteps } from "./first-steps.tsx";
import { countOf, formatCount, formatPercent, formatUsd } from "./format.ts";
import { Instant } from "./instant.tsx";
import { answerPage, mayDo } from "./layout.tsx";
import { StatusPill } from "./status-pill.tsx";
import { STRIP_RUNS } from "./strip.tsx";

const SHOWN_AGENTS = 48;
const SHOWN_RUNS = 8;
const DAY_MS = 86_400_000;

/** How things are: the agents, what runs, what went wrong, what it costs. Of a service without runs: what to do first. */
export async function overviewPage(c: AppContext): Promise<Response> {
  const all = await c.get("registry").list(c.env.DB);
  const after = c.req.query("after") ?? "";
  const first = after === "" ? 0 : all.findIndex(({ name }) => name === after) + 1;
  const agents = all.slice(first, first + SHOWN_AGENTS);
  const names = agents.map(({ name }) => name);
  const sinceMs = nowMs() - DAY_MS;
  const [summaries, strips, inFlight, failures, costs] = await Promise.all([
    agentSummaries(agents, c),
    readRecentRuns(c.env.DB, { agentNames: names, limit: STRIP_RUNS, sinceMs }),
    runsWith(["running", "queued"], 0, c),
    runsWith(["failed", "timed_out", "interrupted"], sinceMs, c),
    readCostReport({ days: 30 }, c),
  ]);
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
          <Tiles strips={strips} inFlight={inFlight} spentUsd={costs.total_cost_usd} today={costs.daily_costs.at(-1)} />
          <div class="columns">
            <RunList title="In flight" runs={inFlight} none="Nothing runs just now." />
            <RunList title="Needs a look" runs={failures} none="No run went wrong in 24 hours." />
          </div>
        </>
      )}
      <h2>{countOf(all.length, "agent")}</h2>
      <AgentCards agents={summaries} strips={strips} />
      {next !== null && <a href={`/?after=${encodeURIComponent(next)}`}>More agents</a>}
    </div>,
  );
}

async function runsWith(statuses: readonly RunStatus[], sinceMs: number, c: AppContext): Promise<RunSummary[]> {
  const filter = {
    agentName: null,
    jobId: null,
    trigger: null,
    sinceMs: null,
    untilMs: null,
    beforeId: null,
    limit: SHOWN_RUNS,
  };
  const lists = await Promise.all(statuses.map((status) => listRuns(c.env.DB, { ...filter, status })));
  return lists
    .flat()
    .filter((run) => run.created_at >= sinceMs)
    .sort((a, b) => b.id - a.id)
    .slice(0, SHOWN_RUNS)
    .map(runSummary);
}

function Tiles(props: {
  strips: ReadonlyMap<string, readonly RecentRun[]>;
  inFlight: readonly RunSummary[];
  spentUsd: number;
  today: { cost: number; runs: number } | undefined;
}) {
  const ended = [...props.strips.values()].flat().filter(({ status }) => status !== "running" && status !== "queued");
  const good = ended.filter(({ status }) => status === "completed").length;
  return (
    <dl class="tiles">
      <div class="tile">
        <dt>In flight</dt>
        <dd>{props.inFlight.length === SHOWN_RUNS ? `${SHOWN_RUNS} or more` : formatCount(props.inFlight.length)}</dd>
      </div>
      <div class="tile">
        <dt>Success, newest runs in 24 h</dt>
        <dd>{ended.length === 0 ? "–" : formatPercent(good / ended.length)}</dd>
      </div>
      <div class="tile">
        <dt>Runs ended today (UTC)</dt>
        <dd>{formatCount(props.today?.runs ?? 0)}</dd>
      </div>
      <div class="tile">
        <dt>Cost today, in 30 days</dt>
        <dd>
          {formatUsd(props.today?.cost ?? 0)} <small>{formatUsd(props.spentUsd)}</small>
        </dd>
      </div>
    </dl>
  );
}

function RunList({ title, runs, none }: { title: string; runs: readonly RunSummary[]; none: string }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {runs.length === 0 ? (
        <p class="empty">{none}</p>
      ) : (
        <ul class="plain-list">
          {runs.map((run) => (
            <li>
              <div class="line">
                <span>
                  <a href={`/runs/${run.id}`}>#{run.id}</a> {run.agent_name}
                </span>
                <span class="line">
                  <StatusPill status={run.status} />
                  <span class="small muted">
                    <Instant at={run.created_at} />
                  </span>
                </span>
              </div>
              {run.error !== null && <p class="small muted clamp">{run.error}</p>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
