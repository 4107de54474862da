import { version } from "../../../package.json";
import type { Health } from "../../contract/health.ts";
import type { LiveCounts } from "../../store/live-runs.ts";
import { instantOrNull } from "../run-view.ts";
import { formatCount, formatDuration } from "./format.ts";
import { Instant } from "./instant.tsx";
import { StatusPill } from "./status-pill.tsx";

type Scheduler = NonNullable<Health["scheduler"]>;

/** How the parts of the service are: what is stuck or behind is seen here first. */
export function HealthCard(props: { scheduler: Scheduler; live: LiveCounts; retentionDays: number | null }) {
  const { scheduler, live } = props;
  return (
    <section class="card" id="health">
      <h2>Health</h2>
      <dl class="facts-list">
        <dt>Version</dt>
        <dd>{version}</dd>
        <dt>Cron, every minute</dt>
        <dd>
          <Clock clock={scheduler.clocks.cron} />
        </dd>
        <dt>Ticker, the second hand</dt>
        <dd>
          <Clock clock={scheduler.clocks.ticker} />
        </dd>
        <dt>Jobs that are due</dt>
        <dd>
          {formatCount(scheduler.due)}
          {scheduler.lag_ms > 0 && `, the first for ${formatDuration(scheduler.lag_ms)}`}
        </dd>
        <dt>Fires without a run yet</dt>
        <dd>{formatCount(scheduler.unbegun)}</dd>
        <dt>Runs</dt>
        <dd>
          {`${formatCount(live.running)} at work, ${formatCount(live.queued)} waiting`}
          {live.firstCreatedAtMs !== null && (
            <>
              , the oldest since <Instant at={instantOrNull(live.firstCreatedAtMs)} />
            </>
          )}
        </dd>
        <dt>Runs are kept</dt>
        <dd>{props.retentionDays === null ? "for ever" : `${props.retentionDays} days`}</dd>
      </dl>
    </section>
  );
}

function Clock({ clock }: { clock: Scheduler["clocks"]["cron"] }) {
  if (clock.last_tick_at === null) return <span class="muted">has not ticked</span>;
  return (
    <>
      <StatusPill status={clock.stopped ? "stopped" : "ok"} /> <Instant at={clock.last_tick_at} />
    </>
  );
}
