import { nowMs } from "../../clock.ts";
import { RUN_STATUSES, type RunTrigger } from "../../contract/run.ts";
import { RunListQuery, type RunPage } from "../../contract/run-list.ts";
import type { AppContext } from "../app-context.ts";
import { invalid } from "../problems.ts";
import { readRunPage } from "../runs.ts";
import { words } from "./format.ts";
import { answerPage, mayDo } from "./layout.tsx";
import { RunTable } from "./run-table.tsx";

/** How far back a list looks, in the URL's words. */
const WITHIN = {
  "1h": { label: "the last hour", ms: 3_600_000 },
  "24h": { label: "the last 24 hours", ms: 86_400_000 },
  "7d": { label: "the last 7 days", ms: 7 * 86_400_000 },
} as const;

const TRIGGERS = { api: "a caller", replay: "a replay", job: "a job" } as const satisfies Record<RunTrigger, string>;

/** The history, newest first: filtered and paged by what the URL says, so that a view can be sent to somebody. */
export async function runsPage(c: AppContext): Promise<Response> {
  const asked = Object.fromEntries(Object.entries(c.req.query()).filter(([, value]) => value !== ""));
  const { within, ...filters } = asked;
  const span = Object.entries(WITHIN).find(([name]) => name === within)?.[1];
  const since = span === undefined ? {} : { since: new Date(nowMs() - span.ms).toISOString() };
  const query = RunListQuery.safeParse({ ...since, ...filters });
  if (!query.success) throw invalid("invalid_request", query.error, ["query"]);
  const [page, agents] = await Promise.all([readRunPage(query.data, c), c.get("registry").list(c.env.DB)]);
  const mayRun = mayDo(c, "operator");
  return answerPage(
    c,
    { title: "Runs", section: "Runs" },
    <>
      <div class="head">
        <h1>Runs</h1>
      </div>
      <Filters asked={asked} agentNames={agents.map(({ name }) => name)} />
      <section class="card flush" data-live="runs">
        {mayRun && page.runs.length > 0 && <Bulk />}
        <RunTable runs={page.runs} choice={mayRun} agent={true} />
        <Pages page={page} asked={asked} />
      </section>
    </>,
  );
}

function Filters({ asked, agentNames }: { asked: Record<string, string>; agentNames: readonly string[] }) {
  return (
    <form class="card filters" method="get" action="/runs" aria-label="Filter">
      <div class="field">
        <label for="filter-agent">Agent</label>
        <input
          id="filter-agent"
          name="agent"
          list="agent-names"
          value={asked.agent ?? ""}
          placeholder="all"
          autocomplete="off"
        />
        <datalist id="agent-names">
          {agentNames.map((name) => (
            <option value={name} />
          ))}
        </datalist>
      </div>
      <div class="field">
        <label for="filter-status">Status</label>
        <select id="filter-status" name="status" data-submit="">
          <option value="">all</option>
          {RUN_STATUSES.map((status) => (
            <option value={status} selected={status === asked.status}>
              {words(status)}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="filter-within">Created in</label>
        <select id="filter-within" name="within" data-submit="">
          <option value="">all time</option>
          {Object.entries(WITHIN).map(([name, { label }]) => (
            <option value={name} selected={name === asked.within}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="filter-trigger">Begun by</label>
        <select id="filter-trigger" name="trigger" data-submit="">
          <option value="">anything</option>
          {Object.entries(TRIGGERS).map(([trigger, label]) => (
            <option value={trigger} selected={trigger === asked.trigger}>
              {label}
            </option>
          ))}
        </select>
      </div>
      {asked.job !== undefined && (
        <div class="field">
          <label for="filter-job">Job</label>
          <input id="filter-job" name="job" value={asked.job} autocomplete="off" />
        </div>
      )}
      {["since", "until", "limit"].map(
        (name) => asked[name] !== undefined && <input type="hidden" name={name} value={asked[name]} />,
      )}
      <div class="actions">
        <button type="submit">Show</button>
        {Object.keys(asked).length > 0 && <a href="/runs">Clear</a>}
      </div>
    </form>
  );
}

function Bulk() {
  return (
    <div class="bulk" data-bulk="">
      <span class="small muted" data-count="" aria-live="polite">
        Choose runs to replay or cancel them together
      </span>
      <button type="button" disabled id="bulk-replay" data-bulk-action="/api/agents/runs/replay">
        Replay
      </button>
      <button type="button" disabled id="bulk-cancel" class="danger" data-bulk-action="/api/agents/runs/cancel">
        Cancel
      </button>
    </div>
  );
}

function Pages({ page, asked }: { page: RunPage; asked: Record<string, string> }) {
  const { cursor, ...filters } = asked;
  if (cursor === undefined && page.next_cursor === null) return null;
  const path = (more: Record<string, string>) => `/runs?${new URLSearchParams({ ...filters, ...more })}`;
  return (
    <nav class="pages" aria-label="Pages of the list">
      {cursor === undefined ? <span /> : <a href={path({})}>Newest</a>}
      {page.next_cursor !== null && (
        <a href={path({ cursor: page.next_cursor })} rel="next">
          Older
        </a>
      )}
    </nav>
  );
}
