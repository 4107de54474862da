import { expect, test } from "vitest";
import { gradeAnswer, letterOf, scoreOf } from "../../src/agents/scanner/grade.ts";

test.for([
  [[], 100],
  [[-5, -5], 90],
  [[-10, 5, 5, 10], 110],
  [[-11, 5, 5, 10], 89],
  [[-25, -20, -5, -20, 10], 30],
  [[-60, -60, 10], 0],
] as const)(
  "modifiers %j make %i points: bonuses count only from 90 up, and nothing goes below 0",
  ([modifiers, score]) => {
    expect(scoreOf(modifiers)).toBe(score);
  },
);

test.for([
  [135, "A+"],
  [100, "A+"],
  [99, "A"],
  [90, "A"],
  [89, "A-"],
  [85, "A-"],
  [84, "B+"],
  [80, "B+"],
  [79, "B"],
  [70, "B"],
  [69, "B-"],
  [65, "B-"],
  [64, "C+"],
  [60, "C+"],
  [59, "C"],
  [50, "C"],
  [49, "C-"],
  [45, "C-"],
  [44, "D+"],
  [40, "D+"],
  [39, "D"],
  [30, "D"],
  [29, "D-"],
  [25, "D-"],
  [24, "F"],
  [0, "F"],
] as const)("%i points are %s", ([score, letter]) => {
  expect(letterOf(score)).toBe(letter);
});

function gradeOf(headers: Record<string, string>, url = "https://a.example/") {
  return gradeAnswer({
    target: new URL(url),
    redirects: [],
    url: new URL(url),
    headers: new Headers(headers),
    cookies: [],
  });
}

test("a site with every header is A+, each point with its reason and the source named", () => {
  const grade = gradeOf({
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=()",
  });
  expect(grade).toMatchObject({
    score: 120,
    letter: "A+",
    source: "https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring",
  });
  expect(grade.checks.map(({ name, modifier }) => [name, modifier])).toEqual([
    ["content_security_policy", 10],
    ["strict_transport_security", 0],
    ["x_content_type_options", 0],
    ["referrer_policy", 5],
    ["framing", 5],
    ["cookies", 0],
    ["redirection", 0],
    ["permissions_policy", 0],
  ]);
  for (const check of grade.checks) expect(check.reason).not.toBe("");
});

test("a site without any header is 100 - 25 - 20 - 5 - 20 = 30 points over HTTPS, and 20 less over plain HTTP", () => {
  expect(gradeOf({})).toMatchObject({ score: 30, letter: "D" });
  expect(gradeOf({}, "http://a.example/")).toMatchObject({ score: 10, letter: "F" });
});

test("a policy that is only reported does not count", () => {
  const grade = gradeOf({ "Content-Security-Policy-Report-Only": "default-src 'none'; frame-ancestors 'none'" });
  expect(grade.score).toBe(30);
});

test("HSTS shorter than six months does not protect a cookie without Secure", () => {
  const answer = { target: new URL("https://a.example/"), redirects: [], url: new URL("https://a.example/") };
  const cookies = [{ name: "theme", secure: false, httpOnly: false, sameSite: null }];
  const modifierBehind = (maxAgeS: number) => {
    const headers = new Headers({ "Strict-Transport-Security": `max-age=${maxAgeS}` });
    return gradeAnswer({ ...answer, headers, cookies }).checks.find((check) => check.name === "cookies")?.modifier;
  };
  expect(modifierBehind(15_768_000)).toBe(-5);
  expect(modifierBehind(15_767_999)).toBe(-20);
});
