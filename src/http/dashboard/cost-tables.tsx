import type { CostReport } from "../../contract/costs.ts";
import { formatCount, formatUsd } from "./format.ts";

export function ByAgent({ report }: { report: CostReport }) {
  const agents = Object.entries(report.by_agent).sort(([, a], [, b]) => b.cost_usd - a.cost_usd || b.runs - a.runs);
  return (
    <section class="card flush">
      <h2>By agent</h2>
      {agents.length === 0 ? (
        <p class="empty">No run has ended in these days.</p>
      ) : (
        <section class="scroll" tabindex={0} aria-label="Costs by agent">
          <table>
            <thead>
              <tr>
                <th scope="col">Agent</th>
                <th scope="col" class="number">
                  Runs
                </th>
                <th scope="col" class="number">
                  Tokens
                </th>
                <th scope="col" class="number">
                  Cost
                </th>
              </tr>
            </thead>
            <tbody>
              {agents.map(([name, usage]) => (
                <tr>
                  <td class="name">
                    <a href={`/agents/${encodeURIComponent(name)}`}>{usage.display_name}</a>
                  </td>
                  <td class="number">{formatCount(usage.runs)}</td>
                  <td class="number">{formatCount(usage.tokens_used)}</td>
                  <td class="number">{formatUsd(usage.cost_usd)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

export function ByModel({ report }: { report: CostReport }) {
  const models = Object.entries(report.by_model).sort(([, a], [, b]) => b.cost_usd - a.cost_usd || b.runs - a.runs);
  return (
    <section class="card flush">
      <h2>By model</h2>
      {models.length === 0 ? (
        <p class="empty">No run has named a model in these days.</p>
      ) : (
        <section class="scroll" tabindex={0} aria-label="Costs by model">
          <table>
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col" class="number">
                  Runs
                </th>
                <th scope="col" class="number">
                  Tokens
                </th>
                <th scope="col" class="number">
                  Cost
                </th>
              </tr>
            </thead>
            <tbody>
              {models.map(([model, usage]) => (
                <tr>
                  <td class="name">{model}</td>
                  <td class="number">{formatCount(usage.runs)}</td>
                  <td class="number">{formatCount(usage.tokens_used)}</td>
                  <td class="number">{formatUsd(usage.cost_usd)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

/** Also what the chart is drawn from. */
export function ByDay({ report, charted }: { report: CostReport; charted: "cost" | "runs" }) {
  return (
    <section class="card flush">
      <details id="by-day">
        <summary class="card-head">The days as a table</summary>
        <section class="scroll" tabindex={0} aria-label="Costs by day">
          <table id="days">
            <thead>
              <tr>
                <th scope="col">Day</th>
                <th scope="col" class="number">
                  Runs
                </th>
                <th scope="col" class="number">
                  Cost
                </th>
              </tr>
            </thead>
            <tbody>
              {report.daily_costs.toReversed().map(({ date, cost, runs }) => (
                <tr data-at={Date.parse(date) / 1_000} data-value={charted === "cost" ? cost : runs}>
                  <td class="nowrap">{date}</td>
                  <td class="number">{formatCount(runs)}</td>
                  <td class="number">{formatUsd(cost)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </section>
  );
}
