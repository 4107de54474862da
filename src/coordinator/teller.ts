import { sleep } from "../clock.ts";
import { MAX_UNTOLD_EVENTS } from "../contract/limits.ts";
import type { PublishedEvent } from "../contract/stream.ts";
import { describeError, log } from "../log.ts";

/**
 * Sends events to those who watch, one call at a time: what happens during a call, and the rest after it that its
 * answer asks for, goes with the next. So a busy agent makes a few calls a second, and no run ever waits for one. What
 * cannot be sent is dropped, and the next call says so: viewers then look at the history again.
 */
export function createTeller(options: {
  publish(events: PublishedEvent[], more: { lost: boolean }): Promise<{ restMs: number }>;
  waitUntil(work: Promise<void>): void;
}): (event: PublishedEvent) => void {
  let waiting: PublishedEvent[] = [];
  let lost = false;
  let sending = false;

  async function send(): Promise<void> {
    while (waiting.length > 0) {
      const [events, more] = [waiting, { lost }];
      waiting = [];
      lost = false; // before the call, for during it others may be
      try {
        const { restMs } = await options.publish(events, more);
        await sleep(restMs);
      } catch (error) {
        lost = true;
        log.warn("stream.events_lost", { events: events.length, error: describeError(error) });
      }
    }
    sending = false;
  }

  return (event) => {
    if (waiting.length >= MAX_UNTOLD_EVENTS) {
      waiting.shift();
      lost = true;
    }
    waiting.push(event);
    if (sending) return;
    sending = true;
    options.waitUntil(send());
  };
}
