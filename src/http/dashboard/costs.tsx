import { CostQuery, type CostReport } from "../../contract/costs.ts";
import type { AppContext } from "../app-context.ts";
import { readCostReport } from "../costs.ts";
import { invalid } from "../problems.ts";
import { formatCount, formatUsd } from "./format.ts";
import { answerPage } from "./layout.tsx";

const SPANS = [7, 30, 90, 365] as const;

/** What the runs cost, by day and by agent, from the totals that are kept with the runs. */
export async function costsPage(c: AppContext): Promise<Response> {
  const query = CostQuery.safeParse(c.req.query());
  if (!query.success) throw invalid("invalid_request", query.error, ["query"]);
  const report = await readCostReport(query.data, c);
  return answerPage(
    c,
    { title: "Costs", section: "Costs", charts: true },
    <>
      <div class="head">
        <div>
          <h1>Costs</h1>
          <p class="muted small">{report.range_label}</p>
        </div>
        <nav class="actions" aria-label="Days to show">
          {SPANS.map((days) => (
            <a
              class="button"
              href={`/costs?days=${days}`}
              aria-current={days === report.period_days ? "true" : undefined}
            >
              {days} days
            </a>
          ))}
        </nav>
      </div>
      <dl class="tiles">
        <Tile name="Cost" value={formatUsd(report.total_cost_usd)} />
        <Tile name="Runs" value={formatCount(report.total_runs)} />
        <Tile name="Tokens" value={formatCount(report.total_tokens)} />
        <Tile
          name="A run costs"
          value={formatUsd(report.total_runs === 0 ? 0 : report.total_cost_usd / report.total_runs)}
        />
      </dl>
      <section class="card">
        <h2>By day</h2>
        <div class="chart" data-chart="days" data-unit="usd" data-label="Cost" />
      </section>
      <div class="columns">
        <ByAgent report={report} />
        <ByDay report={report} />
      </div>
    </>,
  );
}

function Tile({ name, value }: { name: string; value: string }) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function ByAgent({ report }: { report: CostReport }) {
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
                  <td>
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

/** Also what the chart is drawn from. */
function ByDay({ report }: { report: CostReport }) {
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
                <tr data-at={Date.parse(date) / 1_000} data-value={cost}>
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
