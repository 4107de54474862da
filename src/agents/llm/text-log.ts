import { nowMs } from "../../clock.ts";
import {
  MAX_STREAMED_TEXT_CHARS,
  MAX_TEXT_EVENT_CHARS,
  TEXT_EVENT_MS,
  TEXT_EVENTS_PER_PACE,
} from "../../contract/limits.ts";
import type { AgentContext } from "../define-agent.ts";

/**
 * Streams a model's text as events of the run, many tokens to an event. The longer the attempt talks the rarer they
 * get, so that there is room in its log for what its tools do and for all of a slow answer.
 */
export function createTextLog(log: AgentContext["log"], hide: (said: string) => string) {
  let text = "";
  let step = 0;
  let events = 0;
  let chars = 0;
  let lastMs = nowMs();

  function flush(): void {
    if (text === "" || chars >= MAX_STREAMED_TEXT_CHARS) return;
    const piece = hide(text).slice(0, MAX_TEXT_EVENT_CHARS);
    text = text.slice(MAX_TEXT_EVENT_CHARS);
    chars += piece.length;
    events++;
    lastMs = nowMs();
    log("text", { step, text: piece });
    if (chars >= MAX_STREAMED_TEXT_CHARS) log("the rest of the text is not streamed: the output has it whole");
    else if (text !== "") flush();
  }

  return {
    flush,
    add(ofStep: number, delta: string): void {
      step = ofStep;
      text += delta;
      const waitMs = TEXT_EVENT_MS * 2 ** Math.floor(events / TEXT_EVENTS_PER_PACE);
      if (text.length >= MAX_TEXT_EVENT_CHARS || nowMs() - lastMs >= waitMs) flush();
    },
  };
}
