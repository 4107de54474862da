import { expect, test } from "vitest";
import { checkCsp, restrictsFraming } from "../../src/agents/scanner/csp.ts";

const score = (header: string | null, https = true) => checkCsp(header, { https }).modifier;

// Modifiers of "Tests and scoring", MDN HTTP Observatory, by the name of its test result.
test.for([
  ["not-implemented", null, -25],
  ["header-invalid: empty", "", -25],
  ["header-invalid: only separators", " ; , ;", -25],
  ["header-invalid: strict-dynamic alone", "script-src 'strict-dynamic'; object-src 'none'", -25],
  ["no-unsafe-default-src-none", "default-src 'none'", 10],
  ["no-unsafe-default-src-none, in capitals", "DEFAULT-SRC 'NONE'; SCRIPT-SRC 'SELF'", 10],
  ["no-unsafe-default-src-none, as an empty list", "default-src", 10],
  ["no-unsafe", "default-src 'self'", 5],
  ["no-unsafe without default-src", "script-src 'self'; object-src 'none'; style-src 'self'", 5],
  ["no-unsafe: wasm-unsafe-eval is not unsafe-eval", "default-src 'self' 'wasm-unsafe-eval'", 5],
  ["unsafe-inline-in-style-src-only", "default-src 'self'; style-src 'self' 'unsafe-inline'", 0],
  ["style-src with data:", "default-src 'none'; style-src data:", 0],
  ["style-src not restricted", "script-src 'self'; object-src 'none'", 0],
  ["style-src with https:", "default-src 'none'; style-src https:", 0],
  ["insecure-scheme-in-passive-content-only, scheme", "default-src 'self'; img-src http:", -10],
  ["insecure-scheme-in-passive-content-only, host", "default-src 'self'; media-src http://cdn.example", -10],
  ["unsafe-eval", "default-src 'self'; script-src 'self' 'unsafe-eval'", -10],
  ["unsafe-eval by default", "default-src 'self' 'unsafe-eval'", -10],
  ["insecure-scheme", "default-src 'self'; connect-src http://api.example", -20],
  ["insecure-scheme in script-src", "default-src 'self'; script-src http://cdn.example", -20],
  ["unsafe-inline", "default-src 'self'; script-src 'self' 'unsafe-inline'", -20],
  ["unsafe-inline by default", "default-src 'self' 'unsafe-inline'", -20],
  ["data: in script-src", "default-src 'self'; script-src data:", -20],
  ["https: in script-src", "default-src 'self'; script-src https:", -20],
  ["* in object-src", "default-src 'self'; object-src *", -20],
  ["http://* in script-src", "default-src 'self'; script-src http://*", -20],
  ["script-src not restricted", "object-src 'none'", -20],
  ["object-src not restricted", "script-src 'self'", -20],
  ["only a report-uri", "report-uri /csp", -20],
] as const)("%s", ([, header, modifier]) => {
  expect(score(header)).toBe(modifier);
});

test.for([
  ["'unsafe-inline' beside a nonce", "default-src 'self'; script-src 'unsafe-inline' 'nonce-abc'", 5],
  ["'unsafe-inline' beside a hash", "default-src 'self'; style-src 'unsafe-inline' 'sha256-abc='", 5],
  [
    "hosts and schemes beside 'strict-dynamic' and a nonce",
    "default-src 'self'; script-src 'strict-dynamic' 'nonce-abc' https: http: 'unsafe-inline' *",
    5,
  ],
])("%s is ignored, as browsers ignore it", ([, header, modifier]) => {
  expect(score(String(header))).toBe(modifier);
});

test("'unsafe-eval' counts even beside 'strict-dynamic'", () => {
  expect(score("object-src 'none'; script-src 'strict-dynamic' 'nonce-abc' 'unsafe-eval'")).toBe(-10);
});

test("http: sources are only a fault of a page served over HTTPS", () => {
  expect(score("default-src 'self'; img-src http://cdn.example; connect-src http://api.example", false)).toBe(5);
});

test("the address that reports go to is not a source of content", () => {
  expect(score("default-src 'none'; report-uri http://reports.example/")).toBe(10);
});

test("of several policies in one header the strictest is scored, since all of them apply", () => {
  expect(score("default-src 'none', script-src 'unsafe-inline'")).toBe(10);
  expect(score("script-src 'unsafe-inline',default-src 'self'")).toBe(5);
});

// The library's own time grows with the square of such a run: unfolded, this test takes longer than it may.
test("a header of 200,000 spaces is scored as if it had one", () => {
  expect(score(`default-src${" ".repeat(200_000)}'none'`)).toBe(10);
});

test("the first of a repeated directive counts, as in browsers", () => {
  expect(score("default-src 'none'; default-src *")).toBe(10);
});

test.for([
  ["frame-ancestors 'none'", true],
  ["default-src 'self'; frame-ancestors 'self' https://a.example", true],
  ["default-src 'self', frame-ancestors 'self'", true],
  ["frame-ancestors", true],
  ["frame-ancestors *", false],
  ["frame-ancestors 'self' https:", false],
  ["default-src 'none'", false],
  [null, false],
] as const)("framing is restricted by %s: %s", ([header, restricted]) => {
  expect(restrictsFraming(header)).toBe(restricted);
});
