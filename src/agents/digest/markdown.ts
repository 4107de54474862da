import type { Digest, DigestOutput } from "./output.ts";

/**
 * The digest for a person, as GitHub Flavored Markdown. What runs, sites and a model said is shown as text, never as
 * markup.
 */
export function markdownOf(
  digest: Digest,
  { summary, summary_note }: Pick<DigestOutput, "summary" | "summary_note"> = { summary: null, summary_note: null },
): string {
  const { total_runs, truncated, by_status, tokens, cost_usd } = digest;
  const counts = Object.entries(by_status).map(([status, count]) => `${count} ${status.replaceAll("_", " ")}`);
  const lines = [
    `# Runs from ${digest.since} to ${digest.until}`,
    "",
    `${truncated ? "The newest " : ""}${total_runs} runs: ${counts.join(", ") || "none"}. ${tokens} tokens, ${dollars(cost_usd)}.`,
    ...(summary ?? summary_note ?? "").split(/\n\s*\n/).flatMap((text) => (text === "" ? [] : ["", plain(text)])),
    ...(truncated ? ["", "There were more runs in this time; older ones are not counted."] : []),
    ...section(
      "Failures by cause",
      ["runs", "status", "cause", "agents", "latest run"],
      digest.failures.map((row) => [row.runs, row.status, row.cause, row.agents.join(", "), row.latest_run_id]),
    ),
    ...section(
      "Agents",
      ["agent", "runs", "unhappy", "average", "tokens", "cost"],
      digest.by_agent.map((row) => [
        row.agent,
        row.runs,
        row.unhappy,
        row.avg_duration_ms === null ? "" : seconds(row.avg_duration_ms),
        row.tokens,
        dollars(row.cost_usd),
      ]),
    ),
    ...section(
      "Slowest",
      ["run", "agent", "status", "time"],
      digest.slowest.map((row) => [row.run_id, row.agent, row.status, seconds(row.value)]),
    ),
    ...section(
      "Dearest",
      ["run", "agent", "status", "cost"],
      digest.dearest.map((row) => [row.run_id, row.agent, row.status, dollars(row.value)]),
    ),
    ...section(
      "Changed sites",
      ["target", "change", "what", "down since", "run"],
      digest.changed_scans.map((row) => [
        row.target,
        row.change,
        row.what.join(", "),
        row.down_since ?? "",
        row.run_id,
      ]),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

/** Nothing where there are no rows. */
function section(title: string, head: readonly string[], rows: readonly (string | number)[][]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly (string | number)[]) => `| ${cells.map((cell) => plain(String(cell))).join(" | ")} |`;
  return ["", `## ${title}`, "", line(head), `|${" --- |".repeat(head.length)}`, ...rows.map(line)];
}

/** Text as Markdown shows it unchanged: CommonMark 0.31, "Backslash escapes", and entities for what HTML would take. */
function plain(text: string): string {
  return text
    .replace(/[\s\p{Cc}]+/gu, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replace(/[\\`*_[\]|~!#@]|:(?=\/\/)|(?<=\bwww)\./gi, "\\$&"); // the last two and "@" would make links
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(durationMs < 10_000 ? 2 : 0)} s`;
}

function dollars(usd: number): string {
  return `$${usd.toFixed(usd !== 0 && usd < 1 ? 4 : 2)}`;
}
