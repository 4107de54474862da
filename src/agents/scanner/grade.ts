import { MAX_HEADER_VALUE_BYTES } from "../../contract/limits.ts";
import { type Cookie, checkCookies } from "./cookies.ts";
import { checkCsp } from "./csp.ts";
import type { Redirect } from "./fetch-target.ts";
import {
  checkContentTypeOptions,
  checkFraming,
  checkHsts,
  checkPermissionsPolicy,
  checkRedirection,
  checkReferrerPolicy,
} from "./headers.ts";
import { oneLine } from "./one-line.ts";
import type { Check, Grade, Verdict } from "./output.ts";

export const GRADE_SOURCE = "https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring";

const LETTERS: readonly (readonly [from: number, letter: Grade["letter"]])[] = [
  [100, "A+"],
  [90, "A"],
  [85, "A-"],
  [80, "B+"],
  [70, "B"],
  [65, "B-"],
  [60, "C+"],
  [50, "C"],
  [45, "C-"],
  [40, "D+"],
  [30, "D"],
  [25, "D-"],
];

/**
 * Grades an answer by the rules of the MDN HTTP Observatory ("Tests and scoring", GRADE_SOURCE). Left out are CORS,
 * CORP, subresource integrity, the HSTS preload list, and policies set by <meta>. Report-only policies enforce
 * nothing and do not count.
 */
export function gradeAnswer(answer: {
  target: URL;
  redirects: readonly Redirect[];
  url: URL;
  headers: Headers;
  cookies: readonly Cookie[];
}): Grade {
  const { headers } = answer;
  const page = { https: answer.url.protocol === "https:" };
  const csp = headers.get("Content-Security-Policy");
  const frameOptions = headers.get("X-Frame-Options");
  const hsts = headers.get("Strict-Transport-Security");
  const hstsVerdict = checkHsts(hsts, page);
  const contentTypeOptions = headers.get("X-Content-Type-Options");
  const referrerPolicy = headers.get("Referrer-Policy");
  const permissionsPolicy = headers.get("Permissions-Policy");
  const checks = [
    checkOf("content_security_policy", csp, checkCsp(csp, page)),
    checkOf("strict_transport_security", hsts, hstsVerdict),
    checkOf("x_content_type_options", contentTypeOptions, checkContentTypeOptions(contentTypeOptions)),
    checkOf("referrer_policy", referrerPolicy, checkReferrerPolicy(referrerPolicy)),
    checkOf("framing", frameOptions, checkFraming({ csp, frameOptions })),
    checkOf("cookies", null, checkCookies(answer.cookies, { hsts: hstsVerdict.modifier === 0 })),
    checkOf("redirection", null, checkRedirection(answer.target, answer.redirects, answer.url)),
    checkOf("permissions_policy", permissionsPolicy, checkPermissionsPolicy(permissionsPolicy)),
  ];
  const score = scoreOf(checks.map((check) => check.modifier));
  return { score, letter: letterOf(score), source: GRADE_SOURCE, checks };
}

/** From 100, penalties first; bonuses count only where 90 or more are left. Never below 0. */
export function scoreOf(modifiers: readonly number[]): number {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const penalised = 100 + sum(modifiers.filter((modifier) => modifier < 0));
  const bonus = penalised >= 90 ? sum(modifiers.filter((modifier) => modifier > 0)) : 0;
  return Math.max(0, penalised + bonus);
}

export function letterOf(score: number): Grade["letter"] {
  return LETTERS.find(([from]) => score >= from)?.[1] ?? "F";
}

function checkOf(name: Check["name"], value: string | null, verdict: Verdict): Check {
  return { name, ...verdict, value: value === null ? null : oneLine(value, MAX_HEADER_VALUE_BYTES) };
}
