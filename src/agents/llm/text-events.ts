import { MAX_TEXT_EVENT_CHARS, TEXT_EVENT_MS } from "../../contract/limits.ts";
import type { AgentContext } from "../define-agent.ts";

/** Sends what a model says up as events: a few of some size, for each is a row. */
export function createTextEvents(log: AgentContext["log"], nowMs: () => number) {
  let text = "";
  let sinceMs = 0;

  function flush(): void {
    if (text !== "") log("text", { text });
    text = "";
  }

  return {
    add(delta: string): void {
      if (text === "") sinceMs = nowMs();
      text += delta;
      if (text.length >= MAX_TEXT_EVENT_CHARS || nowMs() - sinceMs >= TEXT_EVENT_MS) flush();
    },
    flush,
  };
}
