import type { AgentSummary } from "../../contract/agent.ts";
import type { RecentRun } from "../../store/recent-runs.ts";
import { countOf, formatPercent, formatUsd } from "./format.ts";
import { Instant } from "./instant.tsx";
import { StatusPill } from "./status-pill.tsx";
import { Strip } from "./strip.tsx";

/** The agents, each with its state and how its newest runs of a day went. */
export function AgentCards(props: {
  agents: readonly AgentSummary[];
  strips: ReadonlyMap<string, readonly RecentRun[]>;
}) {
  return (
    <ul class="agents">
      {props.agents.map((agent) => (
        <li>
          <AgentCard agent={agent} runs={props.strips.get(agent.name) ?? []} />
        </li>
      ))}
    </ul>
  );
}

function AgentCard({ agent, runs }: { agent: AgentSummary; runs: readonly RecentRun[] }) {
  const ended = runs.filter(({ status }) => status !== "running" && status !== "queued");
  const good = ended.filter(({ status }) => status === "completed").length;
  return (
    <article class="card">
      <div class="agent-name">
        <h3>
          <a href={`/agents/${encodeURIComponent(agent.name)}`}>{agent.display_name}</a>
        </h3>
        <StatusPill status={agent.status} />
      </div>
      <p class="small muted clamp">{agent.description}</p>
      <Strip runs={runs} />
      <div class="facts">
        <span>
          {ended.length === 0
            ? countOf(agent.run_count, "run")
            : `${formatPercent(good / ended.length)} of ${ended.length} completed`}
        </span>
        <span>{formatUsd(agent.total_cost)}</span>
        <Instant at={agent.last_run} />
      </div>
    </article>
  );
}
