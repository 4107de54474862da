import { expect, test } from "vitest";
import {
  checkContentTypeOptions,
  checkFraming,
  checkHsts,
  checkPermissionsPolicy,
  checkRedirection,
  checkReferrerPolicy,
} from "../../src/agents/scanner/headers.ts";

// Modifiers of "Tests and scoring", MDN HTTP Observatory.

test.for([
  ["max-age=15768000", 0],
  ["max-age=63072000; includeSubDomains; preload", 0],
  ["includeSubDomains; Max-Age = 15768000", 0],
  ['max-age="31536000"', 0],
  ["max-age=15767999", -10],
  ["max-age=0", -10],
  ["includeSubDomains", -20],
  ["max-age=soon", -20],
  ["max-age=-1", -20],
  ["max-age=31536000, max-age=31536000", -20],
  ["", -20],
  [null, -20],
] as const)("Strict-Transport-Security %s over HTTPS: %i", ([header, modifier]) => {
  expect(checkHsts(header, { https: true }).modifier).toBe(modifier);
});

test("Strict-Transport-Security over plain HTTP is worth nothing: browsers ignore it there", () => {
  expect(checkHsts("max-age=63072000", { https: false }).modifier).toBe(-20);
});

test.for([
  ["nosniff", 0],
  [" NoSniff ", 0],
  ["nosniff, nosniff", 0],
  ["sniff", -5],
  ["sniff, nosniff", -5],
  ["", -5],
  [null, -5],
] as const)("X-Content-Type-Options %s: %i", ([header, modifier]) => {
  expect(checkContentTypeOptions(header).modifier).toBe(modifier);
});

test.for([
  ["no-referrer", 5],
  ["same-origin", 5],
  ["strict-origin", 5],
  ["Strict-Origin-When-Cross-Origin", 5],
  ["unsafe-url, no-referrer", 5],
  ["no-referrer, made-up", 5],
  ["no-referrer, unsafe-url", -5],
  ["origin", -5],
  ["origin-when-cross-origin", -5],
  ["no-referrer-when-downgrade", -5],
  ["unsafe-url", -5],
  ["made-up", -5],
  ["", -5],
  [null, 0],
] as const)("Referrer-Policy %s: %i", ([header, modifier]) => {
  expect(checkReferrerPolicy(header).modifier).toBe(modifier);
});

test.for([
  ["frame-ancestors 'self'", null, 5],
  ["frame-ancestors 'none'", "nonsense", 5],
  [null, "DENY", 0],
  [null, "sameorigin", 0],
  [null, "DENY, DENY", 0],
  ["frame-ancestors *", "DENY", 0],
  ["frame-ancestors *", null, -20],
  [null, "ALLOW-FROM https://a.example/", -20],
  [null, "DENY, nonsense", -20],
  [null, "", -20],
  ["default-src 'none'", null, -20],
  [null, null, -20],
] as const)("Content-Security-Policy %s with X-Frame-Options %s: %i", ([csp, frameOptions, modifier]) => {
  expect(checkFraming({ csp, frameOptions }).modifier).toBe(modifier);
});

test.for([
  ["https, straight", ["https://a.example/"], 0],
  ["https, to another host", ["https://a.example/", "https://www.a.example/"], 0],
  ["to https on the same host, then elsewhere", ["http://a.example/", "https://a.example/", "https://b.example/"], 0],
  ["to https on another host", ["http://a.example/", "https://www.a.example/"], -5],
  ["to http first", ["http://a.example/", "http://www.a.example/", "https://www.a.example/"], -10],
  ["http and stays", ["http://a.example/"], -20],
  ["http to http", ["http://a.example/", "http://a.example/home"], -20],
  ["https down to http", ["https://a.example/", "http://a.example/"], -20],
] as const)("redirection: %s", ([, route, modifier]) => {
  const urls = route.map((url) => new URL(url));
  const [target] = urls;
  const final = urls.at(-1);
  if (target === undefined || final === undefined) throw new Error("a route has an address");
  const redirects = urls
    .slice(0, -1)
    .map((url, n) => ({ url: url.href, status: 301, location: urls[n + 1]?.href ?? null }));
  expect(checkRedirection(target, redirects, final).modifier).toBe(modifier);
});

test("Permissions-Policy is reported and never scored, and its absence says who advises it", () => {
  expect(checkPermissionsPolicy("camera=()")).toEqual({
    modifier: 0,
    reason: "Permissions-Policy is set; it is not scored.",
  });
  const missing = checkPermissionsPolicy(null);
  expect(missing.modifier).toBe(0);
  expect(missing.reason).toContain("OWASP Secure Headers Project");
});
