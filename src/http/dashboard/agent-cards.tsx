import type { AgentSummary } from "../../contract/agent.ts";
import type { HourOfAgent } from "../../store/usage.ts";
import { formatCount, formatPercent, formatUsd } from "./format.ts";
import { Instant } from "./instant.tsx";
import { countEnds, Sparkline } from "./sparkline.tsx";
import { StatusPill } from "./status-pill.tsx";

export type HoursByAgent = ReadonlyMap<string, readonly HourOfAgent[]>;

/** The agents, each with its state and how its runs ended in the last 24 hours. */
export function AgentCards(props: { agents: readonly AgentSummary[]; hours: HoursByAgent; atMs: number }) {
  return (
    <ul class="agents">
      {props.agents.map((agent) => (
        <li>
          <AgentCard agent={agent} hours={props.hours.get(agent.name) ?? []} atMs={props.atMs} />
        </li>
      ))}
    </ul>
  );
}

function AgentCard({ agent, hours, atMs }: { agent: AgentSummary; hours: readonly HourOfAgent[]; atMs: number }) {
  const { completed, wrong } = countEnds(hours);
  return (
    <article class="card">
      <div class="agent-name">
        <h3>
          <a href={`/agents/${encodeURIComponent(agent.name)}`}>{agent.display_name}</a>
        </h3>
        <StatusPill status={agent.status} />
      </div>
      <p class="small muted clamp">{agent.description}</p>
      <Sparkline hours={hours} atMs={atMs} />
      <div class="facts">
        <span>
          {completed + wrong === 0
            ? "quiet for 24 h"
            : `${formatPercent(completed / (completed + wrong))} of ${formatCount(completed + wrong)} in 24 h`}
        </span>
        <span>{formatUsd(agent.total_cost)}</span>
        {agent.last_run === null ? <span>never ran</span> : <Instant at={agent.last_run} />}
      </div>
    </article>
  );
}
