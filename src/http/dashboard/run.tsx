import { nowMs } from "../../clock.ts";
import { RunId } from "../../contract/names.ts";
import type { RunDetail } from "../../contract/run.ts";
import { microusdToUsd } from "../../core/money.ts";
import { PLATFORM_PRICE } from "../../core/platform-price.ts";
import { isTerminal } from "../../core/run-state.ts";
import { readJob } from "../../store/jobs.ts";
import type { AppContext } from "../app-context.ts";
import { ProblemError } from "../problems.ts";
import { readRunDetail } from "../runs.ts";
import { formatCount, formatDuration, formatUsd } from "./format.ts";
import { Moment } from "./instant.tsx";
import { JsonView } from "./json-view.tsx";
import { answerPage, mayDo } from "./layout.tsx";
import { Markdown, readableTexts } from "./markdown.tsx";
import { RunFacts } from "./run-facts.tsx";
import { StatusPill } from "./status-pill.tsx";
import { Timeline } from "./timeline.tsx";

/** One run: what it was given, what it did, what came of it; live while it goes on. */
export async function runPage(c: AppContext): Promise<Response> {
  const id = RunId.safeParse(c.req.param("id"));
  if (!id.success) throw new ProblemError({ code: "run_not_found", detail: "There is no such run." });
  const run = await readRunDetail(id.data, c);
  const job = run.job_id === null ? null : await readJob(c.env.DB, run.job_id);
  return answerPage(
    c,
    { title: `Run ${run.id}`, section: "Runs" },
    <>
      <Head run={run} mayRun={mayDo(c, "operator")} />
      <Tiles run={run} />
      {run.error !== null && (
        <section class="card">
          <h2>Error</h2>
          <p class="problem-text">{run.error}</p>
        </section>
      )}
      <div class="columns">
        <div>
          <Output run={run} />
        </div>
        <div>
          <section class="card">
            <h2>Timeline</h2>
            <Timeline run={run} />
          </section>
          <section class="card">
            <h2>Input</h2>
            <JsonView value={run.input} label="Input" />
          </section>
          <RunFacts run={run} jobName={job?.definition.name ?? null} />
        </div>
      </div>
    </>,
  );
}

function Head({ run, mayRun }: { run: RunDetail; mayRun: boolean }) {
  const agentPath = `/agents/${encodeURIComponent(run.agent_name)}`;
  return (
    <div class="head">
      <div>
        <p class="crumb">
          <a href="/runs">Runs</a> / <a href={agentPath}>{run.agent_name}</a>
        </p>
        <div class="head-title">
          <h1>Run {run.id}</h1>
          <StatusPill status={run.status} />
        </div>
      </div>
      {mayRun && (
        <div class="actions">
          {isTerminal(run.status) ? (
            <button
              type="button"
              id="replay"
              data-action={`POST /api/agents/runs/${run.id}/replay`}
              data-go="/runs/{run_id}"
            >
              Replay
            </button>
          ) : (
            <button
              type="button"
              id="cancel"
              class="danger"
              data-action={`POST /api/agents/runs/${run.id}/cancel`}
              data-said="The run is told to stop."
            >
              Cancel
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Tiles({ run }: { run: RunDetail }) {
  return (
    <dl class="tiles">
      <div class="tile">
        <dt>Duration</dt>
        {run.status === "running" && run.started_at !== null ? (
          <dd data-since={run.started_at}>…</dd>
        ) : (
          <dd>{formatDuration(run.duration_ms)}</dd>
        )}
      </div>
      <div class="tile">
        <dt>Attempt</dt>
        <dd>{run.attempt}</dd>
      </div>
      <div class="tile">
        <dt>Tokens</dt>
        <dd>
          {formatCount(run.tokens_used)}{" "}
          <small>{`${formatCount(run.tokens_input)} in, ${formatCount(run.tokens_output)} out`}</small>
        </dd>
      </div>
      <div class="tile">
        <dt>Cost of models</dt>
        <dd>{formatUsd(run.estimated_cost)}</dd>
      </div>
      <div class="tile">
        <dt>Platform, estimated</dt>
        <dd>{formatUsd(microusdToUsd(PLATFORM_PRICE.microusdPerRun))}</dd>
      </div>
    </dl>
  );
}

function Output({ run }: { run: RunDetail }) {
  if (run.output === null) {
    return (
      <section class="card">
        <h2>Output</h2>
        <p class="empty">
          <NoOutput run={run} />
        </p>
      </section>
    );
  }
  return (
    <>
      {readableTexts(run.output).map(({ name, text }) => (
        <section class="card">
          <h2>{name}</h2>
          <Markdown text={text} />
        </section>
      ))}
      <section class="card">
        <h2>Output</h2>
        {run.output_truncated && <p class="muted">It was over the limit: this is its beginning.</p>}
        <JsonView value={run.output} label="Output" />
      </section>
    </>
  );
}

function NoOutput({ run }: { run: RunDetail }) {
  if (isTerminal(run.status)) return <>It left no output.</>;
  if (run.run_at === null || Date.parse(run.run_at) <= nowMs()) return <>It comes when the run has ended.</>;
  return (
    <>
      {run.attempt === 1 ? "The run" : "The next attempt"} starts at <Moment at={run.run_at} />.
    </>
  );
}
