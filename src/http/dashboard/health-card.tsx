import { version } from "../../../package.json";
import type { Health } from "../../contract/health.ts";
import { formatCount, formatDuration } from "./format.ts";
import { Instant } from "./instant.tsx";

/** How the parts of the service are. */
export function HealthCard(props: { scheduler: Health["scheduler"]; retentionDays: number | null }) {
  const { last_tick_at = null, due = 0, lag_ms = 0 } = props.scheduler ?? {};
  return (
    <section class="card">
      <h2>Health</h2>
      <dl class="facts-list">
        <dt>Version</dt>
        <dd>{version}</dd>
        <dt>Scheduler, last tick</dt>
        <dd>
          <Instant at={last_tick_at} />
        </dd>
        <dt>Jobs that are due</dt>
        <dd>
          {formatCount(due)}
          {lag_ms > 0 && `, late by ${formatDuration(lag_ms)}`}
        </dd>
        <dt>Runs are kept</dt>
        <dd>{props.retentionDays === null ? "for ever" : `${props.retentionDays} days`}</dd>
      </dl>
    </section>
  );
}
