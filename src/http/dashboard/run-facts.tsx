import type { RunDetail } from "../../contract/run.ts";
import { JobLink } from "./fire-table.tsx";
import { Moment } from "./instant.tsx";
import { StatusPill } from "./status-pill.tsx";

/** When a run came, why, and by which agent it was run. `jobName`: null where it has no job, or none any more. */
export function RunFacts({ run, jobName }: { run: RunDetail; jobName: string | null }) {
  return (
    <section class="card">
      <h2>Details</h2>
      <dl class="facts-list">
        <dt>Created</dt>
        <dd>
          <Moment at={run.created_at} />
        </dd>
        <dt>Started</dt>
        <dd>
          <Moment at={run.started_at} />
        </dd>
        {run.run_at !== null && (
          <>
            <dt>May start</dt>
            <dd>
              <Moment at={run.run_at} />
            </dd>
          </>
        )}
        <dt>Ended</dt>
        <dd>
          <Moment at={run.completed_at} />
        </dd>
        <dt>Trigger</dt>
        <dd>{run.trigger}</dd>
        {run.job_id !== null && (
          <>
            <dt>Job</dt>
            <dd>
              <JobLink id={run.job_id} name={jobName} />, its slot of <Moment at={run.nominal_at} />
            </dd>
          </>
        )}
        {run.replay_of !== null && (
          <>
            <dt>Replay of</dt>
            <dd>
              <a href={`/runs/${run.replay_of}`}>Run {run.replay_of}</a>
            </dd>
          </>
        )}
        <dt>Agent</dt>
        <dd>
          {run.framework}, version {run.agent_version}
        </dd>
        {run.webhook !== null && <WebhookFact webhook={run.webhook} />}
        <dt>As JSON</dt>
        <dd>
          <a href={`/api/agents/runs/${run.id}`}>/api/agents/runs/{run.id}</a>
        </dd>
      </dl>
    </section>
  );
}

function WebhookFact({ webhook }: { webhook: NonNullable<RunDetail["webhook"]> }) {
  return (
    <>
      <dt>Webhook</dt>
      <dd>
        <StatusPill status={webhook.status} /> {webhook.url}
        {webhook.last_error !== null && <p class="small muted">{webhook.last_error}</p>}
      </dd>
    </>
  );
}
