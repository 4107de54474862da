import { MAX_TEXT_EVENT_CHARS, TEXT_EVENT_MS } from "../../contract/limits.ts";
import type { AgentContext } from "../define-agent.ts";

/**
 * Sends what a model says up as events: a few of some size, for each is a row. Of what no event may hold, `key`, none
 * ends with the beginning, unless it is the last: in two parts it would not be found.
 */
export function createTextEvents(log: AgentContext["log"], nowMs: () => number, key: string | null) {
  let text = "";
  let sinceMs = 0;

  function flush(): void {
    if (text !== "") log("text", { text });
    text = "";
  }

  function flushAllBut(keptChars: number): void {
    const kept = text.slice(text.length - keptChars);
    text = text.slice(0, text.length - keptChars);
    flush();
    text = kept;
    sinceMs = nowMs();
  }

  return {
    add(delta: string): void {
      if (text === "") sinceMs = nowMs();
      text += delta;
      if (text.length >= MAX_TEXT_EVENT_CHARS || nowMs() - sinceMs >= TEXT_EVENT_MS) {
        flushAllBut(charsBegun(text, key));
      }
    },
    flush,
  };
}

/** How much of the key's beginning the text ends with. */
function charsBegun(text: string, key: string | null): number {
  if (key === null) return 0;
  let chars = Math.min(key.length - 1, text.length);
  while (chars > 0 && !text.endsWith(key.slice(0, chars))) chars--;
  return Math.max(0, chars);
}
