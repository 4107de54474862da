import { withDeadline } from "../clock.ts";
import { STREAM_DEADLINE_MS } from "../contract/limits.ts";
import type { PublishedEvent } from "../contract/stream.ts";
import { describeError, log } from "../log.ts";
import type { StreamHub } from "./hub.ts";

type Hub = DurableObjectNamespace<StreamHub>;

/** There is one: whoever watches sees everything in one order. */
const NAME = "hub";

/**
 * Gives events to all who watch; `lost`: others before them could not be given. Answers how long to rest before the
 * next call. Throws if the hub does not answer.
 */
export async function publish(
  hub: Hub,
  events: PublishedEvent[],
  { lost }: { lost: boolean },
): Promise<{ restMs: number }> {
  return withDeadline(hub.getByName(NAME).publish(events, { lost }), STREAM_DEADLINE_MS, late);
}

/** Gives one event to all who watch, where that can be done. Nobody waits for it, and nothing fails with it. */
export function tellOn(hub: Hub, waitUntil: (work: Promise<unknown>) => void): (event: PublishedEvent) => void {
  return (event) => {
    const told = publish(hub, [event], { lost: false }).catch((error: unknown) => {
      log.warn("stream.events_lost", { events: 1, error: describeError(error) });
    });
    waitUntil(told);
  };
}

/** Where a viewer goes on: after an event, or with what happened since an instant. Neither: with what happens. */
export type WatchFrom = { lastEventId: string } | { sinceMs: number } | null;

/**
 * A socket on which the hub sends blocks of server-sent events as they are to be written; first those that the viewer
 * missed, or a `reset` if they are forgotten. It must be accepted. Throws if the hub does not answer.
 */
export async function watch(hub: Hub, from: WatchFrom): Promise<WebSocket> {
  const url = new URL("https://hub/");
  if (from !== null && "lastEventId" in from) url.searchParams.set("last_event_id", from.lastEventId);
  if (from !== null && "sinceMs" in from) url.searchParams.set("since_ms", String(from.sinceMs));
  const headers = { Upgrade: "websocket" };
  const answer = await withDeadline(hub.getByName(NAME).fetch(url, { headers }), STREAM_DEADLINE_MS, late);
  if (answer.webSocket === null) throw new Error(`expected a socket from the hub, got status ${answer.status}`);
  return answer.webSocket;
}

function late(): Error {
  return new Error(`the stream's hub gave no answer within ${STREAM_DEADLINE_MS} ms`);
}
