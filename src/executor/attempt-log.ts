import type { AgentContext } from "../agents/define-agent.ts";
import type { Now } from "../clock.ts";
import { MAX_LOG_BYTES, MAX_LOG_DATA_CHARS, MAX_LOG_EVENTS, MAX_LOG_MESSAGE_CHARS } from "../contract/limits.ts";
import type { AttemptEvent, RunEventData } from "../contract/run-event.ts";
import { cutText, jsonOf } from "./bounded.ts";

export type AttemptLog = ReturnType<typeof createAttemptLog>;

/**
 * Collects what an attempt logs, within the limits, until the coordinator has it; what does not fit is counted. The
 * coordinator knows by its number what comes twice, so whatever may not have arrived is sent again.
 */
export function createAttemptLog(nowMs: Now) {
  let unsent: AttemptEvent[] = [];
  let lines = 0;
  let bytes = 0;
  let dropped = 0;
  let closed = false;
  let onLine = () => {};

  const log: AgentContext["log"] = (message, data) => {
    if (closed) return; // code that does not heed its signal goes on after its attempt
    const text = cutText(String(message), MAX_LOG_MESSAGE_CHARS);
    const dataJson = jsonText({ type: "log", message: text, ...boundedData(data) });
    if (lines >= MAX_LOG_EVENTS || bytes + dataJson.length > MAX_LOG_BYTES) {
      dropped++;
      return;
    }
    lines++;
    bytes += dataJson.length;
    unsent.push({ n: lines, atMs: nowMs(), type: "log", dataJson });
    onLine();
  };

  /** What the agent says from now on is not part of the run. */
  function close(): void {
    closed = true;
    if (dropped === 0) return;
    const dataJson = jsonText({ type: "log_dropped", count: dropped });
    unsent.push({ n: lines + 1, atMs: nowMs(), type: "log_dropped", dataJson });
  }

  function markSent(events: readonly AttemptEvent[]): void {
    const last = events.at(-1)?.n ?? 0;
    unsent = unsent.filter(({ n }) => n > last);
  }

  return {
    log,
    close,
    /** What no answer has said to be stored, oldest first. */
    unsent: (): readonly AttemptEvent[] => [...unsent],
    markSent,
    /** Calls `listener` after each line that is kept. */
    listen: (listener: () => void): void => {
      onLine = listener;
    },
  };
}

function jsonText({ type: _type, ...data }: RunEventData): string {
  return JSON.stringify(data);
}

/** A copy, so that what the agent changes later is not in the log; cut to its beginning as text if too long. */
function boundedData(data: unknown): { data?: unknown } {
  if (data === undefined) return {};
  const json = jsonOf(data);
  if (!json.ok) return { data: `not JSON: ${json.reason}` };
  return {
    data: json.text.length > MAX_LOG_DATA_CHARS ? cutText(json.text, MAX_LOG_DATA_CHARS) : JSON.parse(json.text),
  };
}
