import type { RunDetail } from "../../contract/run.ts";
import type { RunEvent } from "../../contract/run-event.ts";
import { isTerminal } from "../../core/run-state.ts";
import { countOf, words } from "./format.ts";
import { Moment } from "./instant.tsx";

/** What happened to a run, in its order. Of one that goes on the page's script adds what comes. */
export function Timeline({ run }: { run: RunDetail }) {
  const start = run.started_at ?? run.created_at;
  const last = run.events.at(-1)?.seq ?? 0;
  const follow = isTerminal(run.status) ? undefined : `/api/agents/runs/${run.id}/events?after=${last}`;
  return (
    <ol class="timeline" tabindex={0} aria-label="Timeline" data-start={start} data-follow={follow}>
      <Mark atMs={Date.parse(run.created_at)} startMs={Date.parse(start)}>
        {`created (${run.trigger === "api" ? "asked for" : run.trigger})`}
      </Mark>
      {run.started_at !== null && (
        <Mark atMs={Date.parse(run.started_at)} startMs={Date.parse(start)}>
          {`attempt ${run.attempt} started`}
        </Mark>
      )}
      {run.events.map((event) => (
        <li class={`event ${event.type}`}>
          <span class="event-at">{since(Date.parse(event.at), Date.parse(start))}</span>
          <span class="event-text">
            {textOf(event)}
            {event.type === "log" && event.data !== undefined && saidIn(event) === null && (
              <code> {JSON.stringify(event.data)}</code>
            )}
            {event.type === "attempt_ended" && event.started_at !== undefined && (
              <span class="muted"> (began {since(Date.parse(event.started_at), Date.parse(start))})</span>
            )}
            {event.type === "attempt_ended" && event.retry_at !== undefined && (
              <span>
                ; the next at <Moment at={event.retry_at} />
              </span>
            )}
          </span>
        </li>
      ))}
      {run.events_next !== null && (
        <li class="event">
          <span class="event-at">…</span>
          <span class="event-text">
            <a href={`/api/agents/runs/${run.id}/events?after=${run.events_next}`}>more events, as JSON</a>
          </span>
        </li>
      )}
      {run.completed_at !== null && (
        <Mark atMs={Date.parse(run.completed_at)} startMs={Date.parse(start)}>
          {words(run.status)}
        </Mark>
      )}
    </ol>
  );
}

function Mark({ atMs, startMs, children }: { atMs: number; startMs: number; children: string }) {
  return (
    <li class="event mark">
      <span class="event-at">{since(atMs, startMs)}</span>
      <span class="event-text">{children}</span>
    </li>
  );
}

function since(atMs: number, startMs: number): string {
  const seconds = ((atMs - startMs) / 1_000).toFixed(1);
  // Rounded first: what is less than a twentieth of a second before the start is no "−0.0 s".
  return `${Number(seconds) < 0 ? "−" : "+"}${seconds.replace("-", "")} s`;
}

/** What a model said comes as the data of an event of its own: it is read as what it is, a text. */
function saidIn({ message, data }: Extract<RunEvent, { type: "log" }>): string | null {
  if (message !== "text" || typeof data !== "object" || data === null || !("text" in data)) return null;
  return typeof data.text === "string" ? data.text : null;
}

/** The page's script says the same of the events that it adds. */
function textOf(event: RunEvent): string {
  switch (event.type) {
    case "log":
      return saidIn(event) ?? event.message;
    case "log_dropped":
      return `${countOf(event.count, "more line")} past the limit, not kept`;
    case "attempt_ended":
      return `attempt ${event.attempt} ended: ${words(event.end)}${event.error === null ? "" : `: ${event.error}`}`;
    case "cancel_requested":
      return "asked to stop";
    default:
      return event satisfies never;
  }
}
