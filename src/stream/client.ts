import { withDeadline } from "../clock.ts";
import { STREAM_DEADLINE_MS } from "../contract/limits.ts";
import type { PublishedEvent } from "../contract/stream.ts";
import type { StreamHub } from "./hub.ts";

type Hub = DurableObjectNamespace<StreamHub>;

/** There is one: whoever watches sees everything in one order. */
const NAME = "hub";

/**
 * Gives events to all who watch; `lost`: others before them could not be given. Answers how long to rest before the
 * next call. Throws if the hub does not answer.
 */
export function publish(hub: Hub, events: PublishedEvent[], { lost }: { lost: boolean }): Promise<{ restMs: number }> {
  return withDeadline(hub.getByName(NAME).publish(events, { lost }), STREAM_DEADLINE_MS, late);
}

/**
 * A socket on which the hub sends blocks of server-sent events as they are to be written, from after `lastEventId` if
 * it is still known. It must be accepted. Throws if the hub does not answer.
 */
export async function watch(hub: Hub, lastEventId: string): Promise<WebSocket> {
  const headers = { Upgrade: "websocket", "Last-Event-ID": lastEventId };
  const answer = await withDeadline(hub.getByName(NAME).fetch("https://hub/", { headers }), STREAM_DEADLINE_MS, late);
  if (answer.webSocket === null) throw new Error(`expected a socket from the hub, got status ${answer.status}`);
  return answer.webSocket;
}

function late(): Error {
  return new Error(`the stream's hub gave no answer within ${STREAM_DEADLINE_MS} ms`);
}
