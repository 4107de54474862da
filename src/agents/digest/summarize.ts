import { MAX_CAUSE_CHARS, MAX_DIGEST_ROWS, MAX_DIGEST_TOP } from "../../contract/limits.ts";
import type { RunStatus } from "../../contract/run.ts";
import { usdToMicrousd } from "../../core/money.ts";
import type { HistoryRun } from "../history.ts";
import { ScannerOutput } from "../scanner/output.ts";
import { causeOf } from "./causes.ts";
import type { Digest } from "./output.ts";

/** Ends that nobody wanted. A cancelled run ended as somebody asked. */
const UNHAPPY: ReadonlySet<RunStatus> = new Set(["failed", "timed_out", "interrupted"]);

/** What a digest is made of: runs newest first, and the outputs of the scanner's among them. */
export interface DigestSource {
  sinceMs: number;
  untilMs: number;
  runs: readonly HistoryRun[];
  truncated: boolean;
  scans: readonly { runId: number; output: unknown }[];
}

export function summarizeRuns({ sinceMs, untilMs, runs, truncated, scans }: DigestSource): Digest {
  return {
    since: new Date(sinceMs).toISOString(),
    until: new Date(untilMs).toISOString(),
    total_runs: runs.length,
    truncated,
    by_status: Object.fromEntries(
      [...Map.groupBy(runs, ({ status }) => status)].map(([status, group]) => [status, group.length]),
    ),
    tokens: tokensOf(runs),
    cost_usd: costOf(runs),
    by_agent: byAgent(runs),
    failures: failures(runs),
    slowest: ranked(runs, ({ durationMs }) => durationMs ?? 0),
    dearest: ranked(runs, ({ costUsd }) => costUsd),
    changed_scans: changedScans(scans),
  };
}

function byAgent(runs: readonly HistoryRun[]): Digest["by_agent"] {
  return [...Map.groupBy(runs, ({ agent }) => agent)]
    .map(([agent, group]) => ({
      agent,
      runs: group.length,
      unhappy: group.filter(({ status }) => UNHAPPY.has(status)).length,
      tokens: tokensOf(group),
      cost_usd: costOf(group),
      avg_duration_ms: average(group.flatMap(({ durationMs }) => (durationMs === null ? [] : [durationMs]))),
    }))
    .sort((a, b) => b.runs - a.runs || a.agent.localeCompare(b.agent))
    .slice(0, MAX_DIGEST_ROWS);
}

function failures(runs: readonly HistoryRun[]): Digest["failures"] {
  const unhappy = runs.filter(({ status }) => UNHAPPY.has(status));
  return [...Map.groupBy(unhappy, ({ status, error }) => `${status} ${causeOf(error ?? "")}`).values()]
    .flatMap((group) => {
      const [latest] = group; // they come newest first
      if (latest === undefined) return [];
      const error = latest.error ?? "";
      return {
        cause: causeOf(error),
        status: latest.status,
        runs: group.length,
        agents: [...new Set(group.map(({ agent }) => agent))].toSorted().slice(0, MAX_DIGEST_TOP),
        latest_run_id: latest.id,
        latest_error: error.slice(0, MAX_CAUSE_CHARS).toWellFormed(),
      };
    })
    .sort((a, b) => b.runs - a.runs || b.latest_run_id - a.latest_run_id)
    .slice(0, MAX_DIGEST_ROWS);
}

function ranked(runs: readonly HistoryRun[], measure: (run: HistoryRun) => number): Digest["slowest"] {
  return runs
    .filter((run) => measure(run) > 0)
    .toSorted((a, b) => measure(b) - measure(a))
    .slice(0, MAX_DIGEST_TOP)
    .map((run) => ({ run_id: run.id, agent: run.agent, status: run.status, value: measure(run) }));
}

/** Of each target the newest change; what is down now is first. */
function changedScans(scans: DigestSource["scans"]): Digest["changed_scans"] {
  const newest = new Map<string, Digest["changed_scans"][number]>();
  for (const { runId, output } of scans.toSorted((a, b) => b.runId - a.runId)) {
    for (const { url, change } of ScannerOutput.safeParse(output).data?.targets ?? []) {
      if (change === null || change.kind === "unchanged" || newest.has(url)) continue;
      const { kind, what, down_since } = change;
      newest.set(url, { target: url, change: kind, what, down_since, run_id: runId });
    }
  }
  const order = ["down", "recovered", "changed", "new"] as const;
  return [...newest.values()]
    .sort((a, b) => order.indexOf(a.change) - order.indexOf(b.change))
    .slice(0, MAX_DIGEST_ROWS);
}

function tokensOf(runs: readonly HistoryRun[]): number {
  return runs.reduce((sum, { inputTokens, outputTokens }) => sum + inputTokens + outputTokens, 0);
}

/** Added up in millionths: dollars as fractions would not add up exactly. */
function costOf(runs: readonly HistoryRun[]): number {
  return runs.reduce((sum, { costUsd }) => sum + usdToMicrousd(costUsd), 0) / 1_000_000;
}

function average(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}
