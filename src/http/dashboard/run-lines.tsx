import type { RunOutline } from "../../contract/run-record.ts";
import { instantOrNull } from "../run-view.ts";
import { Instant } from "./instant.tsx";
import { StatusPill } from "./status-pill.tsx";

/** A few runs, a line each, with what went wrong where something did. */
export function RunLines({ title, runs, none }: { title: string; runs: readonly RunOutline[]; none: string }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {runs.length === 0 ? (
        <p class="empty">{none}</p>
      ) : (
        <ul class="plain-list">
          {runs.map((run) => (
            <li>
              <div class="line">
                <span>
                  <a href={`/runs/${run.id}`}>#{run.id}</a> {run.agent_name}
                </span>
                <span class="line">
                  <StatusPill status={run.status} />
                  <span class="small muted ago">
                    <Instant at={instantOrNull(run.created_at)} />
                  </span>
                </span>
              </div>
              {run.error !== null && <p class="small muted clamp">{run.error}</p>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
