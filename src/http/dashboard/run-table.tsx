import type { RunSummary } from "../../contract/run.ts";
import { formatCount, formatDuration, formatUsd } from "./format.ts";
import { Instant } from "./instant.tsx";
import { StatusPill } from "./status-pill.tsx";

/** Runs in a table. `choice`: with a box each, for what is done to many at once. */
export function RunTable({ runs, choice, agent }: { runs: readonly RunSummary[]; choice: boolean; agent: boolean }) {
  if (runs.length === 0) return <p class="empty">No runs here.</p>;
  return (
    <section class="scroll" tabindex={0} aria-label="Runs">
      <table>
        <thead>
          <tr>
            {choice && (
              <th>
                <input type="checkbox" data-all="" aria-label="Choose all runs of this page" />
              </th>
            )}
            <th scope="col">Run</th>
            {agent && <th scope="col">Agent</th>}
            <th scope="col">Status</th>
            <th scope="col">Created</th>
            <th scope="col" class="number">
              Duration
            </th>
            <th scope="col" class="number">
              Tokens
            </th>
            <th scope="col" class="number">
              Cost
            </th>
            <th scope="col">Error</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Row run={run} choice={choice} agent={agent} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row({ run, choice, agent }: { run: RunSummary; choice: boolean; agent: boolean }) {
  return (
    <tr>
      {choice && (
        <td>
          <input type="checkbox" id={`choose-${run.id}`} data-run={run.id} aria-label={`Choose run ${run.id}`} />
        </td>
      )}
      <td class="nowrap">
        <a href={`/runs/${run.id}`}>#{run.id}</a>
      </td>
      {agent && (
        <td class="one-line short" title={run.agent_name}>
          <a href={`/agents/${encodeURIComponent(run.agent_name)}`}>{run.agent_name}</a>
        </td>
      )}
      <td>
        <StatusPill status={run.status} />
      </td>
      <td>
        <Instant at={run.created_at} />
      </td>
      <td class="number">{formatDuration(run.duration_ms)}</td>
      <td class="number">{formatCount(run.tokens_used)}</td>
      <td class="number">{formatUsd(run.estimated_cost)}</td>
      <td class="one-line rest small" title={run.error ?? ""}>
        {run.error ?? ""}
      </td>
    </tr>
  );
}
