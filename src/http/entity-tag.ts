import type { AppContext } from "./app-context.ts";
import { ProblemError } from "./problems.ts";

/** Names a version of what can be edited. It says nothing of what else an answer holds: counts move without it. */
export function entityTag(version: number): string {
  return `"${version}"`;
}

/** The conditions of a request (RFC 9110, section 13.1). `version`: null where there is nothing. Throws `precondition_failed`. */
export function requireConditions(c: AppContext, version: number | null): void {
  const tag = version === null ? null : entityTag(version);
  const match = c.req.header("If-Match");
  if (match !== undefined && !names(match, tag)) throw failed(`If-Match: ${match}`, tag);
  const noneMatch = c.req.header("If-None-Match");
  if (noneMatch !== undefined && names(noneMatch, tag)) throw failed(`If-None-Match: ${noneMatch}`, tag);
}

/** Whether the request insists on a version, and so must not be done to another. */
export function isConditional(c: AppContext): boolean {
  return c.req.header("If-Match") !== undefined || c.req.header("If-None-Match") !== undefined;
}

function names(header: string, tag: string | null): boolean {
  if (tag === null) return false;
  return header
    .split(",")
    .map((item) => item.trim())
    .some((item) => item === "*" || item === tag);
}

function failed(condition: string, tag: string | null): ProblemError {
  const now = tag === null ? "there is nothing yet" : `its ETag is ${tag}`;
  const headers = tag === null ? {} : { ETag: tag };
  return new ProblemError({ code: "precondition_failed", detail: `${condition}, but ${now}.` }, { headers });
}
