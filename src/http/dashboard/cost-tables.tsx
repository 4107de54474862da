import type { Child } from "hono/jsx";
import type { CostReport } from "../../contract/costs.ts";
import { formatCount, formatUsd } from "./format.ts";

export function ByAgent({ report }: { report: CostReport }) {
  return (
    <CostTable
      of="agent"
      head="Agent"
      usages={report.by_agent}
      none="No run has ended in these days."
      named={(name, usage) => <a href={`/agents/${encodeURIComponent(name)}`}>{usage.display_name}</a>}
    />
  );
}

export function ByModel({ report }: { report: CostReport }) {
  return (
    <CostTable
      of="model"
      head="Model"
      usages={report.by_model}
      none="No run has named a model in these days."
      named={(model) => model}
    />
  );
}

interface Usage {
  runs: number;
  tokens_used: number;
  cost_usd: number;
}

/** The dearest first. `named`: how a row is headed. */
function CostTable<Of extends Usage>(props: {
  of: string;
  head: string;
  usages: Record<string, Of>;
  none: string;
  named: (name: string, usage: Of) => Child;
}) {
  const rows = Object.entries(props.usages).sort(([, a], [, b]) => b.cost_usd - a.cost_usd || b.runs - a.runs);
  return (
    <section class="card flush">
      <h2>{`By ${props.of}`}</h2>
      {rows.length === 0 ? (
        <p class="empty">{props.none}</p>
      ) : (
        <section class="scroll" tabindex={0} aria-label={`Costs by ${props.of}`}>
          <table>
            <thead>
              <tr>
                <th scope="col">{props.head}</th>
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
              {rows.map(([name, usage]) => (
                <tr>
                  <td class="name">{props.named(name, usage)}</td>
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
