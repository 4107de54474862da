import { MAX_SCANNED_BYTES, MAX_SHOWN_URL_BYTES } from "../../contract/limits.ts";
import { oneLine } from "./one-line.ts";
import { type Check, type Finding, SEVERITIES, type TargetReport } from "./output.ts";
import type { Targets } from "./targets.ts";

type Fault = Omit<Finding, "target" | "change" | "since">;

/** Nothing is known of an earlier scan. */
const NOT_COMPARED = { change: null, since: null } as const;

/** What is wrong with a target. A site that is down, or that was not scanned, is itself a finding. */
export function findingsOf(report: TargetReport): Finding[] {
  const target = oneLine(report.url, MAX_SHOWN_URL_BYTES);
  return faultsOf(report).map((fault) => ({ target, ...fault, ...NOT_COMPARED }));
}

/** An entry of SCANNER_TARGETS that could not be scanned. */
export function unusableFinding({ text, reason }: Targets["unusable"][number]): Finding {
  const target = oneLine(text, MAX_SHOWN_URL_BYTES);
  return {
    target,
    severity: "medium",
    code: "unusable_target",
    message: `Not scanned: in SCANNER_TARGETS, it ${reason}.`,
    ...NOT_COMPARED,
  };
}

/** Most severe first; equals keep their order. */
export function rank<Ranked extends Pick<Finding, "severity">>(findings: readonly Ranked[]): Ranked[] {
  return findings.toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function faultsOf(report: TargetReport): Fault[] {
  switch (report.outcome) {
    case "answered":
      return [...statusFaults(report), ...bodyFaults(report), ...(report.grade?.checks ?? []).flatMap(checkFaults)];
    case "refused":
      return [{ severity: "medium", code: "refused_address", message: `Refused: ${report.reason}.` }];
    case "unreachable":
      return [{ severity: "critical", code: "unreachable", message: `The site is down: ${report.reason}.` }];
    case "timed_out":
      return [{ severity: "critical", code: "timed_out", message: `The site is too slow: ${report.reason}.` }];
    case "bad_redirect":
      return [{ severity: "high", code: "bad_redirect", message: `The redirects lead nowhere: ${report.reason}.` }];
    default:
      return report.outcome satisfies never;
  }
}

function statusFaults({ status }: TargetReport): Fault[] {
  if (status === null || status < 400) return [];
  const message = `The site answers ${status}.`;
  return status < 500
    ? [{ severity: "medium", code: "client_error", message }]
    : [{ severity: "high", code: "server_error", message }];
}

function bodyFaults({ truncated_by, bytes_read }: TargetReport): Fault[] {
  const read = `Only the first ${bytes_read} bytes were read and hashed`;
  switch (truncated_by) {
    case null:
      return [];
    case "limit":
      return [{ severity: "info", code: "body_cut", message: `${read}, the limit being ${MAX_SCANNED_BYTES}.` }];
    case "deadline":
      return [{ severity: "medium", code: "body_slow", message: `${read}: the rest did not come in time.` }];
    case "lost":
      return [{ severity: "medium", code: "body_lost", message: `${read}: the connection broke.` }];
    default:
      return truncated_by satisfies never;
  }
}

function checkFaults({ name, modifier, reason, value }: Check): Fault[] {
  if (modifier < 0) {
    const severity = modifier <= -30 ? "high" : modifier <= -20 ? "medium" : "low";
    return [{ severity, code: name, message: `${reason} (${modifier} points)` }];
  }
  const isMissed = name === "permissions_policy" && value === null;
  return isMissed ? [{ severity: "info", code: name, message: reason }] : [];
}
