import { expect, test } from "vitest";
import { compare, type LastScan } from "../../src/agents/scanner/compare.ts";
import type { Ending, Scan } from "../../src/agents/scanner/fetch-target.ts";
import { ScannerOutput } from "../../src/agents/scanner/output.ts";
import { examine, report } from "../../src/agents/scanner/report.ts";

const URL_A = "https://a.example/";
const DOWN: Ending = { kind: "unreachable", reason: "no connection" };
const LATE: Ending = { kind: "timed_out", reason: "no answer within 15000 ms" };
const day = (n: number) => Date.UTC(2026, 0, n);
const iso = (n: number) => new Date(day(n)).toISOString();

function up(
  more: { status?: number; title?: string; sha256?: string; end?: "complete" | "limit" | "lost" } = {},
): Ending {
  const { status = 200, title = "Home", sha256 = "a", end = "complete" } = more;
  const page = { bytesRead: 1, sha256: sha256.repeat(64), title, end };
  return { kind: "answered", answer: { url: new URL(URL_A), status, headers: new Headers(), latencyMs: 1, page } };
}

/** Scans a target on one day after the other, and answers what the last of them says. */
function lastOf(...endings: Ending[]) {
  let last: LastScan | null = null;
  let compared = examine(scanOf(up()));
  for (const [index, ending] of endings.entries()) {
    const comparison = compare(examine(scanOf(ending)), last, day(index + 1));
    last = comparison.now;
    compared = comparison.compared;
  }
  expect(ScannerOutput.safeParse(report([compared], [])).error).toBeUndefined();
  return compared;
}

function scanOf(ending: Ending): Scan {
  return { target: new URL(URL_A), redirects: [], setCookies: [], durationMs: 1, ending };
}

const findings = (...endings: Ending[]) =>
  lastOf(...endings).findings.map(({ code, change, since }) => [code, change, since]);

test("at the first scan of a target it and each of its findings is new", () => {
  const { target, findings } = lastOf(up({ status: 500 }));
  expect(target.change).toEqual({ kind: "new", what: [], resolved: [], down_since: null, last_scan_at: null });
  expect(new Set(findings.map(({ change, since }) => `${change} ${since}`))).toEqual(new Set([`new ${iso(1)}`]));
});

test("what is as it was is unchanged, since when it was first found", () => {
  const { target, findings } = lastOf(up(), up(), up());
  expect(target.change).toEqual({
    kind: "unchanged",
    what: [],
    resolved: [],
    down_since: null,
    last_scan_at: iso(2),
  });
  expect(findings.length).toBeGreaterThan(0);
  for (const finding of findings) expect(finding).toMatchObject({ change: "unchanged", since: iso(1) });
});

test("a finding that says something else is changed, one that was not there is new, one that is gone is resolved", () => {
  const { target, findings } = lastOf(up({ status: 500 }), up({ status: 503 }));
  expect(findings.find(({ code }) => code === "server_error")).toMatchObject({ change: "changed", since: iso(1) });
  expect(target.change).toMatchObject({ kind: "changed", what: ["status", "findings"], resolved: [] });
  const other = lastOf(up({ status: 500 }), up({ status: 404 }));
  expect(other.findings.find(({ code }) => code === "client_error")).toMatchObject({ change: "new", since: iso(2) });
  expect(other.target.change).toMatchObject({ resolved: ["server_error"] });
});

test.for([
  [{ title: "Other" }, ["title"]],
  [{ sha256: "b" }, ["content"]],
  [{ sha256: "b", end: "lost" }, ["findings"]],
  [{ sha256: "b", end: "limit" }, ["content", "findings"]],
] as const)("a page with %j has changed in %j", ([page, what]) => {
  expect(lastOf(up(), up(page)).target.change).toMatchObject({ kind: "changed", what });
});

test("a site that goes down is a new finding, and then down since it was first found so, whichever way it is down", () => {
  expect(findings(up(), DOWN)).toEqual([["unreachable", "new", iso(2)]]);
  expect(findings(up(), DOWN, DOWN)).toEqual([["unreachable", "down_since", iso(2)]]);
  expect(findings(up(), DOWN, LATE, DOWN)).toEqual([["unreachable", "down_since", iso(2)]]);
  expect(lastOf(DOWN).target.change).toMatchObject({ kind: "down", down_since: iso(1) });
});

test("a site that answers again has recovered, once, and may go down anew", () => {
  const { target, findings: found } = lastOf(up(), DOWN, DOWN, up());
  expect(target.change).toMatchObject({ kind: "recovered", down_since: iso(2), resolved: ["unreachable"] });
  expect(found.find(({ code }) => code === "recovered")).toMatchObject({
    severity: "info",
    change: "recovered",
    since: iso(4),
    message: `The site answers again. It was found down at ${iso(2)}.`,
  });
  expect(lastOf(DOWN, up(), up()).target.change).toMatchObject({ kind: "unchanged" });
  expect(findings(DOWN, up(), DOWN)).toEqual([["unreachable", "new", iso(3)]]);
});

test("the summary says how many targets are as they were, and what of each is not", () => {
  const summaryOf = (...endings: Ending[]) =>
    report([lastOf(...endings)], [])
      .summary.split("\n")
      .slice(1, 3);
  expect(summaryOf(up())[0]).toBe("Since the last scan: 1 new.");
  expect(summaryOf(up(), up())).toEqual(["Since the last scan: 1 unchanged.", expect.stringMatching(/points\)$/)]);
  expect(summaryOf(up(), up({ status: 503 }))[1]).toMatch(/; changed: status, findings$/);
  expect(summaryOf(DOWN, DOWN)[1]).toBe(`https://a.example/: unreachable; down since ${iso(1)}`);
  expect(summaryOf(DOWN, up())[1]).toMatch(new RegExp(`; recovered, was down since ${iso(1)}$`));
});
