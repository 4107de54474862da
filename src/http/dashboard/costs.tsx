import { CostQuery } from "../../contract/costs.ts";
import type { AppContext } from "../app-context.ts";
import { readCostReport } from "../costs.ts";
import { invalid } from "../problems.ts";
import { ByAgent, ByDay, ByModel } from "./cost-tables.tsx";
import { formatCount, formatUsd } from "./format.ts";
import { answerPage } from "./layout.tsx";

const SPANS = [7, 30, 90, 365] as const;

/** What the runs cost, by day and by agent, from the totals that are kept with the runs. */
export async function costsPage(c: AppContext): Promise<Response> {
  const query = CostQuery.safeParse(c.req.query());
  if (!query.success) throw invalid("invalid_request", query.error, ["query"]);
  const report = await readCostReport(query.data, c);
  // Runs that cost nothing are worth a picture too.
  const costs = report.total_cost_usd > 0;
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
        <Tile name="Cost of models" value={formatUsd(report.total_cost_usd)} />
        <Tile name="Platform, estimated" value={formatUsd(report.platform.cost_usd)} />
        <Tile name="Runs" value={formatCount(report.total_runs)} />
        <Tile name="Tokens" value={formatCount(report.total_tokens)} />
        <Tile
          name="A run costs"
          value={formatUsd(report.total_runs === 0 ? 0 : report.total_cost_usd / report.total_runs)}
        />
      </dl>
      <section class="card">
        <h2>{costs ? "Cost by day" : "Runs by day"}</h2>
        <div
          class="chart"
          data-chart="days"
          data-unit={costs ? "usd" : "runs"}
          data-label={costs ? "Cost" : "Runs that ended"}
        />
      </section>
      <div class="halves">
        <ByAgent report={report} />
        <ByModel report={report} />
      </div>
      <ByDay report={report} charted={costs ? "cost" : "runs"} />
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
