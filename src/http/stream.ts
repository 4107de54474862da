import { nowMs } from "../clock.ts";
import {
  MAX_STREAM_MS,
  MAX_VIEWER_BACKLOG_BYTES,
  RETRY_AFTER_S,
  STREAM_COMMENT_MS,
  STREAM_RETRY_MS,
} from "../contract/limits.ts";
import { StreamEvent, StreamQuery } from "../contract/stream.ts";
import { describeError, log } from "../log.ts";
import { watch } from "../stream/client.ts";
import { textOf } from "../stream/event-log.ts";
import type { AppContext } from "./app-context.ts";
import { ProblemError } from "./problems.ts";
import { defineRoute } from "./route.ts";

const getStream = defineRoute({
  method: "GET",
  path: "/api/stream",
  tag: "Service",
  summary: "Follow what happens",
  description:
    "Always server-sent events: `agent_status` when a run is queued, started, ended or to be repeated, `job_complete` when a job's run has ended, `budget_warning` when a budget is nearly spent, `change` when an agent, job, budget, price or memory was changed, `heartbeat` now and then. Each is told once the history has it. The connection closes after some minutes: come back with `Last-Event-ID`, as EventSource does by itself. With `since`, the instant at which the state was read, nothing falls between reading and following.",
  access: "viewer",
  query: StreamQuery,
  answer: StreamEvent,
  stream: {
    description:
      "The data of an event is the `data` of a `StreamEvent`. `reset`: events were missed that are not remembered; read the state again.",
  },
  problems: ["stream_unavailable"],
  async handle({ query }, c) {
    if (c.req.raw.method === "HEAD") return c.body(null, 200, HEADERS);
    return new Response(viewerStream(await socketOf(query, c)), { headers: HEADERS });
  },
});

export const streamRoutes = [getStream];

const HEADERS = { "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store" };
const UTF_8 = new TextEncoder();

async function socketOf({ since }: StreamQuery, c: AppContext): Promise<WebSocket> {
  const lastEventId = c.req.header("Last-Event-ID") ?? "";
  const sinceMs = since === undefined ? null : { sinceMs: Date.parse(since) };
  try {
    // An EventSource that comes back keeps its URL, and with it `since`, so the header is the newer.
    return await watch(c.env.STREAM, lastEventId === "" ? sinceMs : { lastEventId });
  } catch (error) {
    log.error("stream.unavailable", { request_id: c.get("requestId"), error: describeError(error) });
    const detail = "What happens cannot be followed just now.";
    throw new ProblemError({ code: "stream_unavailable", detail, retryAfterS: RETRY_AFTER_S });
  }
}

/**
 * What the hub sends, and heartbeats. It ends when the hub hangs up, after MAX_STREAM_MS, so that a token that was
 * revoked does not watch for ever, and where the viewer lets too much wait: nobody waits for it.
 */
function viewerStream(socket: WebSocket): ReadableStream<Uint8Array> {
  const closeAtMs = nowMs() + MAX_STREAM_MS;
  let stopHeartbeats = () => {};
  let open = true;
  const close = () => {
    open = false;
    stopHeartbeats();
    socket.close();
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const end = () => {
          if (!open) return;
          close();
          controller.close();
        };
        const write = (text: string) => {
          if (!open) return;
          controller.enqueue(UTF_8.encode(text));
          if ((controller.desiredSize ?? 0) <= 0) end();
        };
        socket.addEventListener("message", ({ data }) => write(String(data)));
        socket.addEventListener("close", end);
        socket.addEventListener("error", end);
        socket.accept();
        write(`retry: ${STREAM_RETRY_MS}\n\n`);
        const timer = setInterval(() => (nowMs() < closeAtMs ? write(heartbeat()) : end()), STREAM_COMMENT_MS);
        stopHeartbeats = () => clearInterval(timer);
      },
      cancel: close,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_VIEWER_BACKLOG_BYTES }),
  );
}

/** Without an id: the last one that the hub gave stays the viewer's. */
function heartbeat(): string {
  return textOf({ event: "heartbeat", data: { at: new Date(nowMs()).toISOString() } }, null);
}
