import { expect, test } from "vitest";
import { checkCookies, readCookies } from "../../src/agents/scanner/cookies.ts";

// Modifiers of "Tests and scoring", MDN HTTP Observatory, by the name of its test result.
test.for([
  ["not-found", [], 0, 0],
  ["secure-with-httponly-sessions-and-samesite", ["sessionid=1; Secure; HttpOnly; SameSite=Lax"], 5, 5],
  ["the same for cookies that are no sessions", ["theme=1; Secure; SameSite=Strict"], 5, 5],
  ["SameSite=None with Secure", ["theme=1; Secure; SameSite=None"], 5, 5],
  ["secure-with-httponly-sessions", ["sessionid=1; Secure; HttpOnly"], 0, 0],
  ["without-secure-flag", ["theme=1; SameSite=Lax"], -20, -5],
  ["session-without-secure-flag", ["PHPSESSID=1; HttpOnly; SameSite=Lax"], -40, -10],
  ["session-without-secure-flag, for a login", ["login_token=1; HttpOnly; SameSite=Lax"], -40, -10],
  ["session-without-httponly-flag", ["sessionid=1; Secure; SameSite=Lax"], -30, -30],
  ["samesite-flag-invalid", ["theme=1; Secure; SameSite=Maybe"], -20, -20],
  ["samesite-flag-invalid, empty", ["theme=1; Secure; SameSite"], -20, -20],
  ["samesite-flag-invalid, None without Secure", ["theme=1; SameSite=None"], -20, -20],
  ["anticsrf-without-samesite-flag", ["csrftoken=1; Secure"], -20, -20],
  ["the worst cookie decides", ["theme=1; Secure; SameSite=Lax", "sessionid=1; Secure", "lang=en"], -30, -30],
] as const)("cookies: %s scores %i, and %i behind HSTS", ([, lines, bare, behindHsts]) => {
  const cookies = readCookies(lines);
  expect(checkCookies(cookies, { hsts: false }).modifier).toBe(bare);
  expect(checkCookies(cookies, { hsts: true }).modifier).toBe(behindHsts);
});

test("a cookie is known by its name and flags, and its value is nowhere", () => {
  const cookies = readCookies([
    "sid=s3cret; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; secure; HTTPONLY; samesite=lax",
    "plain=s3cret",
    "s3cret",
  ]);
  expect(cookies).toEqual([
    { name: "sid", secure: true, httpOnly: true, sameSite: "lax" },
    { name: "plain", secure: false, httpOnly: false, sameSite: null },
    { name: "", secure: false, httpOnly: false, sameSite: null },
  ]);
});
