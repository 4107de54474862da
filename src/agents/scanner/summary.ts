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
    ...changeLine(targets),
    ...targets.map(targetLine),
    ...(findings.length === 0 ? [] : ["Worst first:"]),
    ...findings.slice(0, WORST_FINDINGS).map(({ severity, target, message }) => `- ${severity}: ${target}: ${message}`),
    ...(findings.length > MAX_FINDINGS ? [`Only the worst ${MAX_FINDINGS} findings are listed.`] : []),
  ].join("\n");
}

const CHANGES = ["new", "changed", "down", "recovered", "unchanged"] as const;

/** How many targets are as they were. */
function changeLine(targets: readonly TargetReport[]): string[] {
  const counts = CHANGES.map((kind) => ({ kind, count: targets.filter(({ change }) => change?.kind === kind).length }));
  const said = counts.filter(({ count }) => count > 0).map(({ kind, count }) => `${count} ${kind}`);
  return said.length === 0 ? [] : [`Since the last scan: ${said.join(", ")}.`];
}

function targetLine(report: TargetReport): string {
  const url = oneLine(report.url, MAX_SHOWN_URL_BYTES);
  const change = changeOf(report.change);
  if (report.grade === null) return `${url}: ${report.outcome.replaceAll("_", " ")}${change}`;
  const { letter, score } = report.grade;
  return `${url}: ${report.status} in ${report.latency_ms} ms, grade ${letter} (${score} points)${change}`;
}

function changeOf(change: TargetReport["change"]): string {
  if (change === null) return "";
  switch (change.kind) {
    case "unchanged":
      return "";
    case "new":
      return "; new";
    case "changed":
      return `; changed: ${change.what.join(", ").replaceAll("_", " ")}`;
    case "down":
      return `; down since ${change.down_since}`;
    case "recovered":
      return `; recovered, was down since ${change.down_since}`;
    default:
      return change.kind satisfies never;
  }
}

function countOf(findings: readonly Finding[], severity: Finding["severity"]): number {
  return findings.filter((finding) => finding.severity === severity).length;
}
