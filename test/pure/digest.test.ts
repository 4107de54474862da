import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { expect, test } from "vitest";
import type { AgentContext } from "../../src/agents/define-agent.ts";
import { causeOf } from "../../src/agents/digest/causes.ts";
import { digest } from "../../src/agents/digest/digest.ts";
import { markdownOf } from "../../src/agents/digest/markdown.ts";
import { DigestOutput } from "../../src/agents/digest/output.ts";
import { type DigestSource, summarizeRuns } from "../../src/agents/digest/summarize.ts";
import type { HistoryQuery, HistoryRun } from "../../src/agents/history.ts";

const UNTIL_MS = Date.UTC(2026, 0, 2);

function runOf(id: number, more: Partial<HistoryRun> = {}): HistoryRun {
  return {
    id,
    agent: "echo",
    status: "completed",
    trigger: "api",
    attempt: 1,
    inputTokens: 0,
    outputTokens: 0,
    costUsd: 0,
    durationMs: 10,
    error: null,
    createdAtMs: UNTIL_MS - 1_000,
    completedAtMs: UNTIL_MS,
    ...more,
  };
}

/** Of these runs, given oldest first. */
const summaryOf = (runs: HistoryRun[], scans: DigestSource["scans"] = []) =>
  summarizeRuns({
    sinceMs: UNTIL_MS - 86_400_000,
    untilMs: UNTIL_MS,
    runs: runs.toReversed(),
    truncated: false,
    scans,
  });

const failed = (id: number, error: string, more: Partial<HistoryRun> = {}) =>
  runOf(id, { status: "failed", error, ...more });

test("no runs make an empty digest, and still a page", () => {
  const summary = summaryOf([]);
  expect(summary).toMatchObject({ total_runs: 0, by_status: {}, tokens: 0, cost_usd: 0, failures: [], slowest: [] });
  expect(markdownOf(summary)).toBe(
    "# Runs from 2026-01-01T00:00:00.000Z to 2026-01-02T00:00:00.000Z\n\n0 runs: none. 0 tokens, $0.00.\n",
  );
});

test("runs are counted by status and by agent, tokens and cost added up exactly", () => {
  const summary = summaryOf([
    ...Array.from({ length: 10 }, (_, n) => runOf(n + 1, { costUsd: 0.1, inputTokens: 2, outputTokens: 1 })),
    runOf(11, { agent: "scanner", durationMs: 40 }),
    failed(12, "no", { agent: "scanner", durationMs: 20 }),
    runOf(13, { status: "cancelled" }),
    runOf(14, { status: "running", durationMs: null }),
  ]);
  expect(summary).toMatchObject({ total_runs: 14, tokens: 30, cost_usd: 1 });
  expect(summary.by_status).toEqual({ completed: 11, failed: 1, cancelled: 1, running: 1 });
  expect(summary.by_agent).toEqual([
    { agent: "echo", runs: 12, unhappy: 0, tokens: 30, cost_usd: 1, avg_duration_ms: 10 },
    { agent: "scanner", runs: 2, unhappy: 1, tokens: 0, cost_usd: 0, avg_duration_ms: 30 },
  ]);
});

test.for([
  ["the remote agent answered 503: try 17 later", "the remote agent answered 500: try 3 later"],
  ['no city "Bern" at https://a.example/x?y=1', 'no city "Rome" at http://b.example/'],
  ["row 0f8fad5b-d9cb-469f-a165-70867728950e is gone", "row 7c9e6679-7425-40de-944b-e07fc1f90ae7 is gone"],
  ["hash 0123456789abcdef differs", "hash fedcba9876543210 differs"],
  ["line one\n  line two", "line one line two"],
] as const)("errors that differ in particulars only have one cause: %s", ([one, other]) => {
  expect(causeOf(one)).toBe(causeOf(other));
});

test("other errors have other causes, and none is empty", () => {
  expect(new Set(["no moon", "no sun", "deadbeef", ""].map(causeOf))).toEqual(
    new Set(["no moon", "no sun", "deadbeef", "(no message)"]),
  );
});

test("failures are grouped by cause and status, the most frequent first, each with its latest run", () => {
  const { failures } = summaryOf([
    failed(1, "answered 500"),
    failed(2, "answered 502", { agent: "far" }),
    failed(3, "no moon"),
    runOf(4, { status: "timed_out", error: "answered 500" }),
    runOf(5, { status: "cancelled", error: "The run was cancelled." }),
  ]);
  expect(failures).toEqual([
    {
      cause: "answered <n>",
      status: "failed",
      runs: 2,
      agents: ["echo", "far"],
      latest_run_id: 2,
      latest_error: "answered 502",
    },
    expect.objectContaining({ status: "timed_out", latest_run_id: 4 }),
    expect.objectContaining({ cause: "no moon", runs: 1, latest_run_id: 3 }),
  ]);
});

test("the five slowest and the five dearest are named, worst first, and none that took or cost nothing", () => {
  const { slowest, dearest } = summaryOf(
    Array.from({ length: 8 }, (_, n) => runOf(n + 1, { durationMs: n * 100, costUsd: n < 2 ? n : 0 })),
  );
  expect(slowest.map(({ run_id, value }) => [run_id, value])).toEqual([
    [8, 700],
    [7, 600],
    [6, 500],
    [5, 400],
    [4, 300],
  ]);
  expect(dearest).toEqual([{ run_id: 2, agent: "echo", status: "completed", value: 1 }]);
});

test("what runs said is shown as text and makes no markup and no other column", () => {
  const hostile =
    "<script>alert(1)</script> | [x](javascript:x) **b** `c` ![i](https://x.example)\n# h &lt; https://x.example www.x.example WWW.x.example me@x.example";
  const html = micromark(markdownOf(summaryOf([failed(1, hostile, { agent: "echo" })])), {
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  });
  expect(html).not.toMatch(/<(script|a|strong|code|img)\b/);
  expect(html.match(/<h1/g)).toHaveLength(1);
  const row = /<tbody>\s*<tr>(.*?)<\/tr>/s.exec(html)?.[1] ?? "";
  expect(row.match(/<td/g)).toHaveLength(5);
  expect(row).toContain("&lt;script&gt;alert(&lt;n&gt;)&lt;/script&gt; |");
});

/** A history of so many runs, and what was asked of it. */
function historyOf(count: number, of: (id: number) => HistoryRun = runOf) {
  const asked: HistoryQuery[] = [];
  const history: AgentContext["history"] = {
    async runs(query) {
      asked.push(query);
      const from = Math.min(count, (query.beforeId ?? Number.MAX_SAFE_INTEGER) - 1);
      return Array.from({ length: Math.min(query.limit, from) }, (_, n) => of(from - n));
    },
    run: async () => null,
  };
  return { asked, history };
}

async function digestOf(history: AgentContext["history"], input: object = {}, runId = 1_000_000) {
  const context = { history, runId, env: {}, log: () => {}, signal: new AbortController().signal };
  const output = await digest.execute(digest.input.parse(input), context as unknown as AgentContext);
  return DigestOutput.parse(output);
}

test("of more runs than it may look at, the newest are counted and the rest is said to be left out", async () => {
  const { asked, history } = historyOf(25_000);
  const output = await digestOf(history);
  expect(output).toMatchObject({ total_runs: 10_000, truncated: true });
  expect(output.markdown).toContain("The newest 10000 runs: 10000 completed.");
  expect(asked).toHaveLength(11);
  expect(asked.every(({ limit }) => limit === 1_000)).toBe(true);
  expect(new Set(asked.map(({ beforeId }) => beforeId)).size).toBe(11);
});

test("exactly as many runs as it may look at are all of them", async () => {
  expect(await digestOf(historyOf(10_000).history)).toMatchObject({ total_runs: 10_000, truncated: false });
  expect(await digestOf(historyOf(2_500).history)).toMatchObject({ total_runs: 2_500, truncated: false });
});

test("it looks back a day or as far as it is asked, at runs older than itself", async () => {
  const { asked, history } = historyOf(10);
  const output = await digestOf(history, { hours: 2 }, 8);
  expect(output.total_runs).toBe(7);
  expect(Date.parse(output.until) - Date.parse(output.since)).toBe(2 * 60 * 60_000);
  expect(asked[0]).toMatchObject({ sinceMs: Date.parse(output.since), beforeId: 8 });
  const day = await digestOf(history);
  expect(Date.parse(day.until) - Date.parse(day.since)).toBe(24 * 60 * 60_000);
});

test("no more than twenty scans are read whole, the newest", async () => {
  const { history } = historyOf(100, (id) => runOf(id, { agent: "scanner" }));
  const read: number[] = [];
  const run = async (id: number) => {
    read.push(id);
    return null;
  };
  await digestOf({ ...history, run });
  expect(read.toSorted((a, b) => b - a)).toEqual(Array.from({ length: 20 }, (_, n) => 100 - n));
});
