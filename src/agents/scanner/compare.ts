import * as z from "zod";
import { MAX_SHOWN_URL_BYTES } from "../../contract/limits.ts";
import { oneLine } from "./one-line.ts";
import { ASPECTS, type Finding, type TargetChange, type TargetReport } from "./output.ts";
import type { Examined } from "./report.ts";

/** What is remembered of the last scan of a target. */
export const LastScan = z.object({
  scannedAtMs: z.number(),
  downSinceMs: z.number().nullable(),
  seen: z.object({
    outcome: z.string(),
    status: z.number().nullable(),
    final_url: z.string().nullable(),
    /** Null also where the body was not read whole: the hash of a piece says nothing. */
    content: z.string().nullable(),
    title: z.string().nullable(),
    grade: z.string().nullable(),
  }),
  findings: z.record(z.string(), z.object({ message: z.string(), sinceMs: z.number() })),
});
export type LastScan = z.output<typeof LastScan>;

/** Outcomes by which a site is down: it would have to do something to be up. */
const DOWN: ReadonlySet<TargetReport["outcome"]> = new Set(["unreachable", "timed_out"]);

/** What is new since the last scan, null being none, and what to remember of this one. */
export function compare(
  examined: Examined,
  last: LastScan | null,
  atMs: number,
): { compared: Examined; now: LastScan } {
  const { target } = examined;
  const isDown = DOWN.has(target.outcome);
  const wasDownSinceMs = last?.downSinceMs ?? null;
  const downSinceMs = isDown ? (wasDownSinceMs ?? atMs) : null;
  const sinceMs = ({ code }: Finding) =>
    isDown && DOWN.has(code as TargetReport["outcome"])
      ? (downSinceMs ?? atMs)
      : (last?.findings[code]?.sinceMs ?? atMs);
  const findings = examined.findings.map((finding) => {
    const change = findingChange(finding, last, isDown && wasDownSinceMs !== null);
    return { ...finding, change, since: instant(sinceMs(finding)) };
  });
  const now: LastScan = {
    scannedAtMs: atMs,
    downSinceMs,
    seen: seenOf(target),
    findings: Object.fromEntries(
      examined.findings.map((finding) => [finding.code, { message: finding.message, sinceMs: sinceMs(finding) }]),
    ),
  };
  const recovered = !isDown && wasDownSinceMs !== null ? [recovery(target, wasDownSinceMs, atMs)] : [];
  const change = targetChange(now, last, { isDown, wasDownSinceMs });
  return { compared: { target: { ...target, change }, findings: [...findings, ...recovered] }, now };
}

function findingChange({ code, message }: Finding, last: LastScan | null, stillDown: boolean): Finding["change"] {
  if (stillDown && DOWN.has(code as TargetReport["outcome"])) return "down_since";
  const before = last?.findings[code];
  if (before === undefined) return "new";
  return before.message === message ? "unchanged" : "changed";
}

function recovery({ url }: TargetReport, downSinceMs: number, atMs: number): Finding {
  const message = `The site answers again. It was found down at ${instant(downSinceMs)}.`;
  const target = oneLine(url, MAX_SHOWN_URL_BYTES);
  return { severity: "info", target, code: "recovered", message, change: "recovered", since: instant(atMs) };
}

function targetChange(
  now: LastScan,
  last: LastScan | null,
  { isDown, wasDownSinceMs }: { isDown: boolean; wasDownSinceMs: number | null },
): TargetChange {
  const what = last === null ? [] : ASPECTS.filter((aspect) => differs(aspect, now, last));
  const resolved = Object.keys(last?.findings ?? {}).filter((code) => now.findings[code] === undefined);
  const downSinceMs = now.downSinceMs ?? wasDownSinceMs;
  const kind = isDown ? "down" : wasDownSinceMs !== null ? "recovered" : last === null ? "new" : changed(what);
  return {
    kind,
    what,
    resolved,
    down_since: downSinceMs === null ? null : instant(downSinceMs),
    last_scan_at: last === null ? null : instant(last.scannedAtMs),
  };
}

function changed(what: readonly unknown[]): "changed" | "unchanged" {
  return what.length > 0 ? "changed" : "unchanged";
}

function differs(aspect: (typeof ASPECTS)[number], now: LastScan, last: LastScan): boolean {
  if (aspect === "findings") return fingerprint(now) !== fingerprint(last);
  const [is, was] = [now.seen[aspect], last.seen[aspect]];
  if (aspect === "content") return is !== null && was !== null && is !== was;
  return is !== was;
}

function fingerprint({ findings }: LastScan): string {
  const lines = Object.entries(findings).map(([code, { message }]) => `${code}: ${message}`);
  return lines.toSorted().join("\n");
}

function seenOf({ outcome, status, final_url, sha256, truncated_by, title, grade }: TargetReport): LastScan["seen"] {
  const isWhole = truncated_by === null || truncated_by === "limit";
  return { outcome, status, final_url, content: isWhole ? sha256 : null, title, grade: grade?.letter ?? null };
}

function instant(atMs: number): string {
  return new Date(atMs).toISOString();
}
