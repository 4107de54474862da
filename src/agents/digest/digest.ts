import pMap from "p-map";
import { nowMs } from "../../clock.ts";
import {
  MAX_CONCURRENT_SCAN_READS,
  MAX_DIGEST_RUNS,
  MAX_DIGEST_SCANS,
  MAX_HISTORY_RUNS,
} from "../../contract/limits.ts";
import { type AgentContext, defineAgent } from "../define-agent.ts";
import type { HistoryRun } from "../history.ts";
import { scanner } from "../scanner/scanner.ts";
import { markdownOf } from "./markdown.ts";
import { DigestInput, DigestOutput } from "./output.ts";
import { summarizeRuns } from "./summarize.ts";
import { summaryOf } from "./summary.ts";

const HOUR_MS = 60 * 60_000;

/** Says how the last day went: what ran, what failed and why, what was slow or dear, and which sites changed. */
export const digest = defineAgent({
  name: "digest",
  displayName: "Digest",
  description:
    "Summarises the last day's runs: counts, failures by cause, slowest, dearest, changed sites; with a model if there is one.",
  role: "Reports on the other agents",
  category: "reporting",
  tags: ["report"],
  input: DigestInput,
  output: DigestOutput,
  timeoutMs: 120_000,
  concurrency: 2,
  retry: { maxAttempts: 3, minDelayMs: 1_000, maxDelayMs: 30_000 }, // it only reads
  async execute({ hours }, context) {
    const { history, log, runId, signal } = context;
    const untilMs = nowMs();
    const sinceMs = untilMs - hours * HOUR_MS;
    const { runs, truncated } = await newestRuns(history, { sinceMs, belowId: runId, signal });
    const scanRuns = runs.filter((run) => run.agent === scanner.name && run.status === "completed");
    const read = scanRuns.slice(0, MAX_DIGEST_SCANS);
    const scans = await pMap(read, async ({ id }) => ({ runId: id, output: (await history.run(id))?.output ?? null }), {
      concurrency: MAX_CONCURRENT_SCAN_READS,
      signal,
    });
    log(`read ${runs.length} runs`, { scans: scans.length, scans_left_out: scanRuns.length - read.length });
    const facts = summarizeRuns({ sinceMs, untilMs, runs, truncated, scans });
    const plain = markdownOf(facts);
    const said = await summaryOf(plain, context);
    return { ...facts, ...said, markdown: (said.summary ?? said.summary_note) ? markdownOf(facts, said) : plain };
  },
});

/** Newest first, page by page, of those that were accepted before this run. */
async function newestRuns(
  history: AgentContext["history"],
  { sinceMs, belowId, signal }: { sinceMs: number; belowId: number; signal: AbortSignal },
): Promise<{ runs: HistoryRun[]; truncated: boolean }> {
  const runs: HistoryRun[] = [];
  for (let beforeId = belowId; runs.length <= MAX_DIGEST_RUNS; ) {
    signal.throwIfAborted();
    const page = await history.runs({ sinceMs, beforeId, limit: MAX_HISTORY_RUNS });
    runs.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < MAX_HISTORY_RUNS) break;
    beforeId = last.id;
  }
  return { runs: runs.slice(0, MAX_DIGEST_RUNS), truncated: runs.length > MAX_DIGEST_RUNS };
}
