import {
  MAX_COOKIE_NAME_BYTES,
  MAX_FINDINGS,
  MAX_HEADER_VALUE_BYTES,
  MAX_LISTED_COOKIES,
  MAX_REASON_BYTES,
  MAX_SHOWN_URL_BYTES,
  MAX_TARGET_URL_CHARS,
} from "../../contract/limits.ts";
import { type Cookie, readCookies } from "./cookies.ts";
import type { Answer, Scan } from "./fetch-target.ts";
import { findingsOf, rank, unusableFinding } from "./findings.ts";
import { gradeAnswer } from "./grade.ts";
import { oneLine } from "./one-line.ts";
import type { Finding, ScannerOutput, TargetReport } from "./output.ts";
import { summarize } from "./summary.ts";
import type { Targets } from "./targets.ts";

/** What there is to say of one target. */
export interface Examined {
  target: TargetReport;
  findings: Finding[];
}

/** What one scan found, compared with nothing yet. */
export function examine(scan: Scan): Examined {
  const target = targetReport(scan);
  return { target, findings: findingsOf(target) };
}

/** The run's output. Whatever the sites sent, it stays below MAX_OUTPUT_BYTES. */
export function report(examined: readonly Examined[], unusable: Targets["unusable"]): ScannerOutput {
  const targets = examined.map(({ target }) => target);
  const findings = rank([...examined.flatMap((one) => one.findings), ...unusable.map(unusableFinding)]);
  return { targets, findings: findings.slice(0, MAX_FINDINGS), summary: summarize(targets, findings) };
}

function targetReport(scan: Scan): TargetReport {
  const { ending } = scan;
  const cookies = readCookies(scan.setCookies);
  return {
    url: oneLine(scan.target.href, MAX_TARGET_URL_CHARS),
    outcome: ending.kind,
    reason: ending.kind === "answered" ? null : oneLine(ending.reason, MAX_REASON_BYTES),
    redirects: scan.redirects.map(({ url, status, location }) => ({
      url: oneLine(url, MAX_SHOWN_URL_BYTES),
      status,
      location: location === null ? null : oneLine(location, MAX_SHOWN_URL_BYTES),
    })),
    duration_ms: scan.durationMs,
    cookies: cookies.slice(0, MAX_LISTED_COOKIES).map(cookieReport),
    cookie_count: cookies.length,
    ...(ending.kind === "answered" ? answerReport(scan, ending.answer, cookies) : NO_ANSWER),
    change: null,
  };
}

type OfAnswer = Omit<
  TargetReport,
  "url" | "outcome" | "reason" | "redirects" | "duration_ms" | "cookies" | "cookie_count" | "change"
>;

const NO_ANSWER: OfAnswer = {
  status: null,
  final_url: null,
  latency_ms: null,
  content_type: null,
  bytes_read: 0,
  truncated: false,
  truncated_by: null,
  sha256: null,
  title: null,
  grade: null,
};

function answerReport({ target, redirects }: Scan, answer: Answer, cookies: readonly Cookie[]): OfAnswer {
  const { url, status, headers, latencyMs, page } = answer;
  const contentType = headers.get("Content-Type");
  return {
    status,
    final_url: oneLine(url.href, MAX_TARGET_URL_CHARS),
    latency_ms: latencyMs,
    content_type: contentType === null ? null : oneLine(contentType, MAX_HEADER_VALUE_BYTES),
    bytes_read: page.bytesRead,
    truncated: page.end !== "complete",
    truncated_by: page.end === "complete" ? null : page.end,
    sha256: page.sha256,
    title: page.title,
    grade: gradeAnswer({ target, redirects, url, headers, cookies }),
  };
}

function cookieReport({ name, secure, httpOnly, sameSite }: Cookie): TargetReport["cookies"][number] {
  return {
    name: oneLine(name, MAX_COOKIE_NAME_BYTES),
    secure,
    http_only: httpOnly,
    same_site: sameSite === null ? null : oneLine(sameSite, MAX_COOKIE_NAME_BYTES),
  };
}
