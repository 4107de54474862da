import { expect, test } from "vitest";
import type { Answer, Ending, Scan } from "../../src/agents/scanner/fetch-target.ts";
import { rank } from "../../src/agents/scanner/findings.ts";
import { ScannerOutput, SEVERITIES } from "../../src/agents/scanner/output.ts";
import { examine, report as reportExamined } from "../../src/agents/scanner/report.ts";

const SAFE_HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Strict-Transport-Security": "max-age=63072000",
  "X-Content-Type-Options": "nosniff",
  "Permissions-Policy": "camera=()",
};

function scanOf(url: string, ending: Ending, more: Partial<Scan> = {}): Scan {
  return { target: new URL(url), redirects: [], setCookies: [], durationMs: 40, ending, ...more };
}

function answered(url: string, more: Partial<Answer> = {}, page: Partial<Answer["page"]> = {}): Ending {
  const headers = new Headers(SAFE_HEADERS);
  const whole = { bytesRead: 12, sha256: "ab".repeat(32), title: "Home", end: "complete" as const, ...page };
  return { kind: "answered", answer: { url: new URL(url), status: 200, headers, latencyMs: 25, ...more, page: whole } };
}

const report = (scans: Scan[], unusable: Parameters<typeof reportExamined>[1]) =>
  reportExamined(scans.map(examine), unusable);

const A = "https://a.example/";
const codesOf = (scan: Scan) => report([scan], []).findings.map(({ severity, code }) => [severity, code]);

test("an answer is reported with its status, times, page, headers' grade and cookies", () => {
  const scan = scanOf("http://a.example/", answered(A), {
    redirects: [{ url: "http://a.example/", status: 301, location: A }],
    setCookies: ["sid=s3cret; Secure; HttpOnly; SameSite=Lax"],
  });
  const output = report([scan], []);
  expect(output.targets).toMatchObject([
    {
      url: "http://a.example/",
      outcome: "answered",
      reason: null,
      status: 200,
      final_url: A,
      redirects: [{ url: "http://a.example/", status: 301, location: A }],
      latency_ms: 25,
      duration_ms: 40,
      content_type: "text/html; charset=utf-8",
      bytes_read: 12,
      truncated: false,
      truncated_by: null,
      sha256: "ab".repeat(32),
      title: "Home",
      cookies: [{ name: "sid", secure: true, http_only: true, same_site: "Lax" }],
      cookie_count: 1,
      grade: { score: 120, letter: "A+" },
    },
  ]);
  expect(output.findings).toEqual([]);
  expect(JSON.stringify(output)).not.toContain("s3cret");
});

test.for([
  [{ kind: "unreachable", reason: "refused" }, [["critical", "unreachable"]]],
  [{ kind: "timed_out", reason: "slow" }, [["critical", "timed_out"]]],
  [{ kind: "bad_redirect", reason: "loop" }, [["high", "bad_redirect"]]],
  [{ kind: "refused", reason: "loopback" }, [["medium", "refused_address"]]],
  [answered(A, { status: 500 }), [["high", "server_error"]]],
  [answered(A, { status: 599 }), [["high", "server_error"]]],
  [answered(A, { status: 404 }), [["medium", "client_error"]]],
  [answered(A, { status: 400 }), [["medium", "client_error"]]],
  [answered(A, { status: 399 }), []],
  [answered(A, {}, { end: "limit" }), [["info", "body_cut"]]],
  [answered(A, {}, { end: "deadline" }), [["medium", "body_slow"]]],
  [answered(A, {}, { end: "lost" }), [["medium", "body_lost"]]],
] satisfies [Ending, string[][]][])("an ending %j is the findings %j", ([ending, findings]) => {
  expect(codesOf(scanOf(A, ending))).toEqual(findings);
});

test("each penalty of the grade is a finding, the harsher the more severe, and a missing Permissions-Policy is one for information", () => {
  const bare = answered(A, { headers: new Headers() });
  expect(codesOf(scanOf(A, bare, { setCookies: ["sid=1", "sessionid=1; HttpOnly"] }))).toEqual([
    ["high", "cookies"],
    ["medium", "content_security_policy"],
    ["medium", "strict_transport_security"],
    ["medium", "framing"],
    ["low", "x_content_type_options"],
    ["info", "permissions_policy"],
  ]);
});

test("findings are ranked by severity, and equals stay in the order of the targets", () => {
  const severities = ["info", "low", "critical", "medium", "high", "low", "critical"] as const;
  const findings = severities.map((severity, n) => ({ severity, target: String(n), code: "x", message: "" }));
  expect(rank(findings).map(({ severity, target }) => `${severity} ${target}`)).toEqual([
    "critical 2",
    "critical 6",
    "high 4",
    "medium 3",
    "low 1",
    "low 5",
    "info 0",
  ]);
});

test("a bad entry of SCANNER_TARGETS is a finding", () => {
  const unusable = [{ text: "a.example", reason: "must be a whole URL" }];
  expect(report([scanOf(A, answered(A))], unusable).findings).toEqual([
    {
      severity: "medium",
      target: "a.example",
      code: "unusable_target",
      message: "Not scanned: in SCANNER_TARGETS, it must be a whole URL.",
      change: null,
      since: null,
    },
  ]);
});

test("the summary tells a person what answered, what it is worth, and what is worst", () => {
  const down: Ending = { kind: "unreachable", reason: "no connection" };
  const { summary } = report([scanOf(A, answered(A)), scanOf("https://b.example/", down)], []);
  expect(summary).toBe(
    [
      "1 of 2 targets answered. Findings: 1 critical.",
      "https://a.example/: 200 in 25 ms, grade A+ (115 points)",
      "https://b.example/: unreachable",
      "Worst first:",
      "- critical: https://b.example/: The site is down: no connection.",
    ].join("\n"),
  );
});

test("text from a site is kept to one line, without control characters", () => {
  const headers = new Headers({ ...SAFE_HEADERS, "X-Frame-Options": "a\tb" });
  const reason = "line one\nline two\u0000\u001b[31m";
  const { targets, findings } = report(
    [scanOf(A, answered(A, { headers })), scanOf(A, { kind: "refused", reason })],
    [],
  );
  expect(targets[0]?.grade?.checks.find((check) => check.name === "framing")?.value).toBe("a b");
  expect(findings[0]?.message).toBe("Refused: line one line two [31m.");
});

test("fifty targets that send all they can stay under 500 KB, fit the schema, and lose the mildest findings first", () => {
  const long = "\\".repeat(2_000);
  const worst = Array.from({ length: 50 }, (_, n) => {
    const url = `https://${n}.example/${"x".repeat(2_000)}`;
    const headers = new Headers({
      "Content-Type": `text/html;${long}`,
      "Content-Security-Policy": `script-src 'unsafe-inline'${" x".repeat(2_000)}`,
      "Strict-Transport-Security": long,
      "X-Content-Type-Options": long,
      "Referrer-Policy": long,
      "X-Frame-Options": long,
    });
    return scanOf(url, answered(url, { status: 500, headers }, { title: "\\".repeat(200), end: "limit" }), {
      redirects: Array.from({ length: 6 }, () => ({ url, status: 301, location: long })),
      setCookies: Array.from({ length: 40 }, (_, cookie) => `sess-${cookie}-${long}=1; SameSite=${long}`),
    });
  });
  const output = report(worst, []);

  expect(new TextEncoder().encode(JSON.stringify(output)).length).toBeLessThan(500_000);
  expect(ScannerOutput.parse(output)).toEqual(output);
  expect(output.targets[0]).toMatchObject({ cookie_count: 40 });
  expect(output.targets[0]?.cookies).toHaveLength(10);
  expect(output.findings).toHaveLength(200);
  expect(output.findings[0]?.severity).toBe("high");
  expect(output.summary).toContain("Only the worst 200 findings are listed.");
  const ranks = output.findings.map((finding) => SEVERITIES.indexOf(finding.severity));
  expect(ranks).toEqual(ranks.toSorted());
});
