import { nowMs } from "../../clock.ts";
import type { AgentDetail } from "../../contract/agent.ts";
import type { BudgetReport } from "../../contract/budget.ts";
import { AgentName } from "../../contract/names.ts";
import { readHoursSince } from "../../store/usage.ts";
import { readAgentVersions } from "../agent-versions.ts";
import { agentDetail } from "../agent-view.ts";
import type { AppContext } from "../app-context.ts";
import { readStandings } from "../budgets.ts";
import { findAgent } from "../find-agent.ts";
import { ProblemError } from "../problems.ts";
import { MemoryCard, readMemory } from "./agent-memory.tsx";
import { Versions } from "./agent-versions.tsx";
import { BudgetBars } from "./budget-bars.tsx";
import { BudgetForm } from "./budget-form.tsx";
import { formatCount, formatDuration, formatUsd } from "./format.ts";
import { Instant } from "./instant.tsx";
import { JsonView } from "./json-view.tsx";
import { answerPage, mayDo } from "./layout.tsx";
import { RunTable } from "./run-table.tsx";
import { RunForm } from "./schema-form.tsx";
import { describeHours, firstHourOf, Sparkline } from "./sparkline.tsx";
import { StatusPill } from "./status-pill.tsx";

const SHOWN_VERSIONS = 10;

/** One agent: what it is, a form to run it, what it did, and who changed it. */
export async function agentPage(c: AppContext): Promise<Response> {
  const name = AgentName.safeParse(c.req.param("name"));
  if (!name.success) throw new ProblemError({ code: "agent_not_found", detail: "There is no such agent." });
  const found = await findAgent(name.data, c);
  const atMs = nowMs();
  const [agent, { versions }, memory, budgets, hours] = await Promise.all([
    agentDetail(found, c),
    readAgentVersions(name.data, { limit: SHOWN_VERSIONS, before: undefined }, c),
    readMemory(name.data, c),
    readStandings([{ scope: found.name, budget: found.budget ?? {} }], c),
    readHoursSince(c.env.DB, { agentNames: [found.name], firstHour: firstHourOf(atMs) }),
  ]);
  const isAdmin = mayDo(c, "admin");
  return answerPage(
    c,
    { title: agent.display_name, section: "Overview" },
    <>
      <Head agent={agent} />
      <Tiles agent={agent} />
      <section class="card agent-day">
        <h2>The last 24 hours</h2>
        <Sparkline hours={hours} atMs={atMs} />
        <p class="small muted">{describeHours(hours)}</p>
      </section>
      <div class="columns">
        <section class="card">
          <h2>Run it</h2>
          <RunPart agent={agent} mayRun={mayDo(c, "operator")} />
        </section>
        <div>
          <Facts agent={agent} />
          <Budget agent={agent} budgets={budgets} maySet={isAdmin} />
        </div>
      </div>
      <section class="card flush" data-live="agent">
        <div class="card-head">
          <h2>Recent runs</h2>
          <a class="small" href={`/runs?agent=${encodeURIComponent(agent.name)}`}>
            All its runs
          </a>
        </div>
        <RunTable runs={agent.recent_runs} choice={false} agent={false} />
      </section>
      <MemoryCard agent={agent.name} memory={memory} mayForget={isAdmin} />
      <div class="columns">
        <section class="card">
          <h2>Configuration</h2>
          <JsonView value={agent.config} label="Configuration" />
        </section>
        <Versions versions={versions} />
      </div>
    </>,
  );
}

function Head({ agent }: { agent: AgentDetail }) {
  return (
    <div class="head">
      <div>
        <p class="crumb">
          <a href="/">Overview</a> / {agent.name}
        </p>
        <div class="head-title">
          <h1>{agent.display_name}</h1>
          <StatusPill status={agent.status} />
        </div>
        <p class="muted">{agent.description}</p>
      </div>
    </div>
  );
}

function Tiles({ agent }: { agent: AgentDetail }) {
  return (
    <dl class="tiles">
      <div class="tile">
        <dt>Runs</dt>
        <dd>{formatCount(agent.run_count)}</dd>
      </div>
      <div class="tile">
        <dt>Cost</dt>
        <dd>{formatUsd(agent.total_cost)}</dd>
      </div>
      <div class="tile">
        <dt>A run takes</dt>
        <dd>{formatDuration(agent.avg_duration_seconds === null ? null : agent.avg_duration_seconds * 1_000)}</dd>
      </div>
      <div class="tile">
        <dt>Last run</dt>
        <dd>
          <Instant at={agent.last_run} />
        </dd>
      </div>
    </dl>
  );
}

function RunPart({ agent, mayRun }: { agent: AgentDetail; mayRun: boolean }) {
  if (!agent.enabled) return <p class="empty">It is disabled, and takes no runs.</p>;
  if (!mayRun) return <p class="empty">To run it needs the role operator.</p>;
  return <RunForm agent={agent.name} schema={agent.config.input_schema} />;
}

function Facts({ agent }: { agent: AgentDetail }) {
  const { config } = agent;
  return (
    <section class="card">
      <h2>What it is</h2>
      <dl class="facts-list">
        {agent.role !== null && (
          <>
            <dt>Role</dt>
            <dd>{agent.role}</dd>
          </>
        )}
        <dt>Kind</dt>
        <dd>{agent.kind === "code" ? "built in" : agent.kind}</dd>
        {agent.model !== null && (
          <>
            <dt>Model</dt>
            <dd>{agent.model}</dd>
          </>
        )}
        <dt>Category</dt>
        <dd>{agent.category}</dd>
        <dt>Tags</dt>
        <dd>
          {agent.tags.map((tag) => (
            <span class="tag">{tag}</span>
          ))}
        </dd>
        {agent.tools.length > 0 && (
          <>
            <dt>Tools</dt>
            <dd>{agent.tools.join(", ")}</dd>
          </>
        )}
        <dt>Deadline</dt>
        <dd>{formatDuration(config.timeout_ms)}</dd>
        <dt>At once</dt>
        <dd>{`${formatCount(config.concurrency.limit)}, then ${config.concurrency.when_full.replaceAll("_", " ")}`}</dd>
        <dt>Attempts</dt>
        <dd>{config.retry.max_attempts}</dd>
        <dt>Version</dt>
        <dd>{agent.version}</dd>
      </dl>
    </section>
  );
}

function Budget(props: { agent: AgentDetail; budgets: BudgetReport["budgets"]; maySet: boolean }) {
  const { agent, budgets, maySet } = props;
  return (
    <section class="card">
      <h2>Budget</h2>
      {budgets.length === 0 ? <p class="empty">None of its own.</p> : <BudgetBars budgets={budgets} agent={false} />}
      {maySet && (
        <details id="set-budget" class="card-part">
          <summary class="small">Set its budget</summary>
          <BudgetForm agent={agent.name} budget={agent.config.budget ?? {}} />
        </details>
      )}
    </section>
  );
}
