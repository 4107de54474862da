import { MAX_FINDINGS, MAX_SHOWN_URL_BYTES } from "../../contract/limits.ts";
import { oneLine } from "./one-line.ts";
import { type Finding, SEVERITIES, type TargetReport } from "./output.ts";

const WORST_FINDINGS = 5;

/** The report in a few lines of plain text, for a person. Takes all findings, ranked. */
export function summarize(targets: readonly TargetReport[], findings: readonly Finding[]): string {
  const answered = targets.filter((target) => target.outcome === "answered").length;
  const counts = SEVERITIES.map((severity) => ({ severity, count: countOf(findings, severity) }));
  const bySeverity = counts.filter(({ count }) => count > 0).map(({ severity, count }) => `${count} ${severity}`);
  return [
    `${answered} of ${targets.length} targets answered. Findings: ${bySeverity.join(", ") || "none"}.`,
    ...targets.map(targetLine),
    ...(findings.length === 0 ? [] : ["Worst first:"]),
    ...findings.slice(0, WORST_FINDINGS).map(({ severity, target, message }) => `- ${severity}: ${target}: ${message}`),
    ...(findings.length > MAX_FINDINGS ? [`Only the worst ${MAX_FINDINGS} findings are listed.`] : []),
  ].join("\n");
}

function targetLine(report: TargetReport): string {
  const url = oneLine(report.url, MAX_SHOWN_URL_BYTES);
  if (report.grade === null) return `${url}: ${report.outcome.replaceAll("_", " ")}`;
  const { letter, score } = report.grade;
  return `${url}: ${report.status} in ${report.latency_ms} ms, grade ${letter} (${score} points)`;
}

function countOf(findings: readonly Finding[], severity: Finding["severity"]): number {
  return findings.filter((finding) => finding.severity === severity).length;
}
