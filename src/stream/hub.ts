import { DurableObject } from "cloudflare:workers";
import { nowMs, sleep } from "../clock.ts";
import { MAX_FAN_OUT_MS, MAX_STREAM_EVENTS, MAX_TELL_REST_MS, MIN_TELL_REST_MS } from "../contract/limits.ts";
import type { PublishedEvent } from "../contract/stream.ts";
import type { Env } from "../env.ts";
import { randomKey } from "../random.ts";
import { createEventLog, textOf } from "./event-log.ts";

const FORGOTTEN = "What happened meanwhile is not remembered here: read the state again.";
const LOST = "Some events were lost: read the state again.";

/**
 * One object for everybody who watches. It holds the newest events in memory only: a viewer whose last one it does not
 * know, since it slept or was restarted, is told to read the state again (`reset`), and the history has it all. Viewers
 * hang on sockets that hibernate, so it costs nothing while nothing happens, however many there are.
 */
export class StreamHub extends DurableObject<Env> {
  readonly #log = createEventLog({ name: randomKey().slice(0, 8), limit: MAX_STREAM_EVENTS, atMs: nowMs() });
  /** What has not been sent to the viewers yet. */
  #unsent: string[] = [];
  #second = { number: 0, calls: 0, callsBefore: 0 };

  /** Answers at once, whatever the viewers do. */
  publish(events: PublishedEvent[], { lost }: { lost: boolean }): { restMs: number } {
    if (this.#unsent.length === 0) this.ctx.waitUntil(this.#fanOutSoon());
    const atMs = nowMs();
    if (lost) this.#unsent.push(this.#log.append({ event: "reset", data: { reason: LOST } }, atMs));
    for (const event of events) this.#unsent.push(this.#log.append(event, atMs));
    return { restMs: this.#restMs() };
  }

  /** A viewer: gets what it missed, then what happens. */
  override fetch(request: Request): Response {
    this.#fanOut(); // before the new viewer is one of them, for it gets the same from the log
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    server.send(this.#greeting(new URL(request.url).searchParams));
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(): void {}

  override webSocketClose(socket: WebSocket): void {
    socket.close();
  }

  /** The id comes along, so that who is cut off before anything happens can go on from here. */
  #greeting(from: URLSearchParams): string {
    const id = this.#log.newestId();
    const missed = this.#missed(from);
    if (missed === null) return textOf({ event: "reset", data: { reason: FORGOTTEN } }, id);
    return missed.join("") + textOf({ event: "heartbeat", data: { at: new Date(nowMs()).toISOString() } }, id);
  }

  #missed(from: URLSearchParams): string[] | null {
    const lastEventId = from.get("last_event_id");
    if (lastEventId !== null) return this.#log.after(lastEventId);
    const sinceMs = from.get("since_ms");
    return sinceMs === null ? [] : this.#log.since(Number(sinceMs));
  }

  /** The more viewers there are the more events go together: a thousand are sent to four times a second. */
  async #fanOutSoon(): Promise<void> {
    const viewers = this.ctx.getWebSockets().length;
    if (viewers > 0) await sleep(Math.min(MAX_FAN_OUT_MS, MIN_TELL_REST_MS + viewers / 4));
    this.#fanOut();
  }

  #fanOut(): void {
    const text = this.#unsent.join("");
    this.#unsent = [];
    if (text === "") return;
    for (const viewer of this.ctx.getWebSockets()) {
      try {
        viewer.send(text);
      } catch {
        // It has hung up, and its close is on its way here.
      }
    }
  }

  /** As many milliseconds as there were calls in the last second: a hundred busy agents settle at 300 calls a second. */
  #restMs(): number {
    const number = Math.floor(nowMs() / 1_000);
    const { number: before, calls } = this.#second;
    if (number !== before) this.#second = { number, calls: 0, callsBefore: number === before + 1 ? calls : 0 };
    this.#second.calls++;
    const calls1s = Math.max(this.#second.calls, this.#second.callsBefore);
    return Math.min(MAX_TELL_REST_MS, Math.max(MIN_TELL_REST_MS, calls1s));
  }
}
