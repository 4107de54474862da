import type { BudgetReport } from "../../contract/budget.ts";
import { formatPercent, formatUsd } from "./format.ts";
import { Instant } from "./instant.tsx";

type Standing = BudgetReport["budgets"][number];

/** Each limit, and how much of it is spent and reserved. `agent`: with a link to whose it is. */
export function BudgetBars({ budgets, agent }: { budgets: readonly Standing[]; agent: boolean }) {
  return (
    <ul class="plain-list">
      {budgets.map((standing) => (
        <li>
          <div class="line">
            <span>
              {agent && <Whose agent={standing.agent} />}
              <span class={agent ? "muted" : ""}>{standing.period === "day" ? "today" : "this month"}</span>
            </span>
            <span class="figures">
              <strong>{formatUsd(standing.spent_usd)}</strong> of {formatUsd(standing.limit_usd)}
            </span>
          </div>
          <Bar standing={standing} />
          <div class="line small muted">
            <span>
              {standing.reserved_usd > 0 ? `${formatUsd(standing.reserved_usd)} reserved, ` : ""}
              {standing.left_usd > 0 ? `${formatUsd(standing.left_usd)} left` : "nothing left"}
              {standing.warned_at !== null && <span class="tag warned">warned</span>}
            </span>
            <span>
              resets <Instant at={standing.resets_at} />
            </span>
          </div>
        </li>
      ))}
    </ul>
  );
}

function Whose({ agent }: { agent: string | null }) {
  if (agent === null) return <>All agents </>;
  return (
    <>
      <a href={`/agents/${encodeURIComponent(agent)}`}>{agent}</a>{" "}
    </>
  );
}

function Bar({ standing }: { standing: Standing }) {
  const { limit_usd: limit, spent_usd: spent, reserved_usd: reserved } = standing;
  const share = limit === 0 ? 1 : spent / limit;
  const spentWidth = Math.min(100, share * 100);
  const reservedWidth = limit === 0 ? 0 : Math.min(100 - spentWidth, (reserved / limit) * 100);
  const state = standing.left_usd <= 0 ? "over" : standing.warned_at === null ? "spent" : "near";
  return (
    <svg
      class="meter"
      viewBox="0 0 100 8"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${formatPercent(share)} spent`}
    >
      <rect class={state} x="0" y="0" width={spentWidth.toFixed(2)} height="8" />
      <rect class="reserved" x={spentWidth.toFixed(2)} y="0" width={reservedWidth.toFixed(2)} height="8" />
    </svg>
  );
}
