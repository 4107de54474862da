import { accepts } from "hono/accepts";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { nowMs, sleep } from "../clock.ts";
import { MAX_PAGE_EVENTS, MAX_STREAM_MS, STREAM_COMMENT_MS } from "../contract/limits.ts";
import { backoffMs } from "../core/backoff.ts";
import { isTerminal } from "../core/run-state.ts";
import { describeError, log } from "../log.ts";
import { readEvents } from "../store/run-events.ts";
import { readRun } from "../store/runs.ts";
import type { AppContext } from "./app-context.ts";
import { POLL } from "./await-run.ts";
import { runAnswer, runEvent } from "./run-view.ts";

/** The id of the last event: who comes back with it has had everything. */
export const END_ID = "end";

/** Whether the caller asks for server-sent events (RFC 9110, section 12.5.1). A HEAD has no body to send them in. */
export function wantsEventStream(c: AppContext): boolean {
  const supports = ["application/json", "text/event-stream"];
  const chosen = accepts(c, { header: "Accept", supports, default: "application/json" });
  return chosen === "text/event-stream" && c.req.raw.method !== "HEAD";
}

/**
 * Sends a run's events after `afterSeq` as they are recorded, then, once it has ended, `end` with its answer (HTML
 * Living Standard, section 9.2). `announce` sends `accepted` first. The connection also closes after MAX_STREAM_MS and
 * where the history cannot be read: an event's id is its `seq`, so a client that comes back misses and repeats nothing.
 */
export function streamEvents(
  c: AppContext,
  { runId, afterSeq, announce = false }: { runId: number; afterSeq: number; announce?: boolean },
): Response {
  return streamSSE(c, async (stream) => {
    try {
      if (announce) await send(stream, "0", "accepted", { run_id: runId });
      await follow(stream, c.env.DB, runId, afterSeq);
    } catch (error) {
      log.error("stream.broken", { run_id: runId, request_id: c.get("requestId"), error: describeError(error) });
    }
  });
}

/** Asks the history, ever less often, and not the coordinator, which would be billed for every second of it. */
async function follow(stream: SSEStreamingApi, db: D1Database, runId: number, afterSeq: number): Promise<void> {
  const closeAtMs = nowMs() + MAX_STREAM_MS;
  let seq = afterSeq;
  let sentAtMs = nowMs();
  for (let polls = 1; !stream.aborted && nowMs() < closeAtMs; polls++) {
    const page = await readEvents(db, { runId, afterSeq: seq, limit: MAX_PAGE_EVENTS });
    if (page === null) return; // deleted meanwhile
    for (const record of page.events) {
      const event = runEvent(record);
      await send(stream, String(event.seq), event.type, event);
      seq = event.seq;
      sentAtMs = nowMs();
    }
    if (page.more) continue;
    if (isTerminal(page.runStatus)) return sendEnd(stream, db, runId);
    if (nowMs() - sentAtMs >= STREAM_COMMENT_MS) {
      await stream.write(":\n\n");
      sentAtMs = nowMs();
    }
    await sleep(backoffMs(POLL, polls, 1));
  }
}

async function sendEnd(stream: SSEStreamingApi, db: D1Database, runId: number): Promise<void> {
  const run = await readRun(db, runId);
  if (run !== null) await send(stream, END_ID, "end", runAnswer(run));
}

/** JSON has no line break outside its strings and none inside them, so no data can end its own line. */
function send(stream: SSEStreamingApi, id: string, event: string, data: object): Promise<void> {
  return stream.writeSSE({ id, event, data: JSON.stringify(data) });
}
