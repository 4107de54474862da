import * as z from "zod";
import { RunId } from "../contract/names.ts";
import { RunEventPage, RunEventQuery } from "../contract/run.ts";
import { readEvents } from "../store/run-events.ts";
import { readRunStatus } from "../store/runs.ts";
import type { AppContext } from "./app-context.ts";
import { END_ID, streamEvents, wantsEventStream } from "./event-stream.ts";
import { ProblemError } from "./problems.ts";
import { defineRoute } from "./route.ts";
import { runEvent } from "./run-view.ts";

const getRunEvents = defineRoute({
  method: "GET",
  path: "/api/agents/runs/{id}/events",
  tag: "Runs",
  summary: "Show or follow a run's events",
  description:
    "As JSON a page of them; with `Accept: text/event-stream` all of them as they happen, until the run has ended.",
  access: "viewer",
  pathParams: { schema: z.object({ id: RunId }), absent: "run_not_found" },
  query: RunEventQuery,
  answer: RunEventPage,
  stream: {
    description:
      "One event each, with `seq` as its id; then `end`, whose data is the run's answer, and the stream closes. It also closes after some minutes without an `end`: come back with `Last-Event-ID`, as EventSource does by itself.",
    resume: {
      header: "The `seq` after which to go on; it goes before `after`.",
      nothingLeft:
        "`Last-Event-ID` is the id of `end`: there is nothing left, and EventSource does not come back again.",
    },
  },
  problems: ["run_not_found"],
  async handle({ path, query }, c) {
    if (wantsEventStream(c)) return resumeStream(path.id, query.after, c);
    const page = await readEvents(c.env.DB, { runId: path.id, afterSeq: query.after, limit: query.limit });
    if (page === null) throw absent(path.id);
    const events = page.events.map(runEvent);
    return { body: { events, next_after: events.at(-1)?.seq ?? query.after, run_status: page.runStatus } };
  },
});

export const runEventRoutes = [getRunEvents];

async function resumeStream(runId: number, after: number, c: AppContext): Promise<Response> {
  const lastEventId = c.req.header("Last-Event-ID") ?? "";
  // An EventSource keeps its URL, and with it `after`, so the header is the newer.
  if (lastEventId !== "" && lastEventId !== END_ID && !/^\d{1,15}$/.test(lastEventId)) throw unknownEventId();
  if ((await readRunStatus(c.env.DB, runId)) === null) throw absent(runId);
  if (lastEventId === END_ID) return c.body(null, 204);
  return streamEvents(c, { runId, afterSeq: lastEventId === "" ? after : Number(lastEventId) });
}

function unknownEventId(): ProblemError {
  const reason = "is not the id of an event of this service";
  return new ProblemError(
    { code: "invalid_request", detail: `Last-Event-ID: ${reason}` },
    { errors: [{ field: "Last-Event-ID", reason }] },
  );
}

function absent(runId: number): ProblemError {
  return new ProblemError({ code: "run_not_found", detail: `There is no run ${runId}.` });
}
