import type { AgentContext } from "../agents/define-agent.ts";
import type { Now } from "../clock.ts";
import {
  MAX_LOG_BYTES,
  MAX_LOG_DATA_CHARS,
  MAX_LOG_EVENTS,
  MAX_LOG_MESSAGE_CHARS,
  MAX_RUN_COST_USD,
  MAX_RUN_TOKENS,
} from "../contract/limits.ts";
import type { RunMetadata } from "../contract/run-record.ts";
import { cutText, jsonOf } from "./bounded.ts";

export interface Usage {
  tokensInput: number;
  tokensOutput: number;
  costUsd: number;
}

/** Collects what an attempt logs, within the limits; what does not fit is counted, not kept. */
export function createAttemptLog(nowMs: Now) {
  const metadata: RunMetadata = { log: [], log_dropped: 0 };
  let bytes = 0;

  const log: AgentContext["log"] = (message, data) => {
    const entry = { at: nowMs(), message: cutText(String(message), MAX_LOG_MESSAGE_CHARS), ...boundedData(data) };
    const entryBytes = JSON.stringify(entry).length;
    if (metadata.log.length >= MAX_LOG_EVENTS || bytes + entryBytes > MAX_LOG_BYTES) {
      metadata.log_dropped++;
      return;
    }
    bytes += entryBytes;
    metadata.log.push(entry);
  };

  return { log, metadata };
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

/** Adds up what an attempt says that it used. */
export function createUsageMeter() {
  const usage: Usage = { tokensInput: 0, tokensOutput: 0, costUsd: 0 };

  const add: AgentContext["usage"]["add"] = ({ inputTokens = 0, outputTokens = 0, costUsd = 0 }) => {
    const sum = {
      tokensInput: usage.tokensInput + amount("inputTokens", inputTokens),
      tokensOutput: usage.tokensOutput + amount("outputTokens", outputTokens),
      costUsd: usage.costUsd + amount("costUsd", costUsd),
    };
    if (Math.max(sum.tokensInput, sum.tokensOutput) > MAX_RUN_TOKENS || sum.costUsd > MAX_RUN_COST_USD) {
      throw new RangeError(`usage.add: a run cannot use over ${MAX_RUN_TOKENS} tokens or ${MAX_RUN_COST_USD} dollars`);
    }
    Object.assign(usage, sum);
  };

  return { add, usage };
}

function amount(name: string, value: number): number {
  if (typeof value === "number" && value >= 0) return value;
  throw new RangeError(`usage.add: ${name} must be a number from 0 up, not ${value}`);
}
