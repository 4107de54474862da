import parsePolicy from "content-security-policy-parser";
import type { Verdict } from "./output.ts";

type Policy = ReturnType<typeof parsePolicy>;

const BROAD = new Set(["*", "http:", "https:", "ftp:", "http://*", "https://*", "http://*.*", "https://*.*"]);
const INLINE = new Set(["'unsafe-inline'", "data:"]);
const PASSIVE = ["img-src", "media-src"];

/**
 * Scores Content-Security-Policy headers as the HTTP Observatory does (see grade.ts), first match first. Policies
 * joined by commas all apply, so together they are at least as strict as the best of them: that one is scored. A
 * directive that is repeated is ignored, as browsers do (CSP3 section 2.2.1); the Observatory calls it invalid.
 */
export function checkCsp(header: string | null, page: { https: boolean }): Verdict {
  if (header === null) return { modifier: -25, reason: "Content-Security-Policy is not set." };
  const verdicts = readPolicies(header).map((policy) => checkPolicy(policy, page));
  verdicts.sort((a, b) => b.modifier - a.modifier);
  return verdicts[0] ?? { modifier: -25, reason: "Content-Security-Policy has no directive." };
}

/** Whether any of the policies limits who may show the page in a frame. */
export function restrictsFraming(header: string | null): boolean {
  return readPolicies(header ?? "").some((policy) =>
    policy.get("frame-ancestors")?.every((source) => !isBroad(source)),
  );
}

function readPolicies(header: string): Policy[] {
  return header
    .toLowerCase()
    .replaceAll(/\s+/g, " ") // the parser's time grows with the square of a run of spaces
    .split(",")
    .map((text) => parsePolicy(text))
    .filter((policy) => policy.size > 0);
}

function checkPolicy(policy: Policy, { https }: { https: boolean }): Verdict {
  const scripts = effective(sourcesOf(policy, "script-src"));
  const styles = effective(sourcesOf(policy, "style-src"));
  const active = [...policy]
    .filter(([name]) => /-src(-elem|-attr)?$/.test(name) && name !== "script-src" && !PASSIVE.includes(name))
    .flatMap(([, sources]) => sources);
  const passive = PASSIVE.flatMap((name) => sourcesOf(policy, name));

  if (scripts.includes("'strict-dynamic'") && !scripts.some(isNonceOrHash)) {
    return {
      modifier: -25,
      reason: "Content-Security-Policy has 'strict-dynamic' without a nonce or a hash, which is not valid.",
    };
  }
  if (
    scripts.some((source) => isBroad(source) || INLINE.has(source)) ||
    sourcesOf(policy, "object-src").some(isBroad)
  ) {
    return {
      modifier: -20,
      reason: "Content-Security-Policy allows scripts or objects that are inline, from data:, or from nearly anywhere.",
    };
  }
  if (https && [...active, ...scripts].some(isPlainHttp)) {
    return {
      modifier: -20,
      reason: "Content-Security-Policy allows an HTTPS page scripts or other active content over HTTP.",
    };
  }
  if ([...scripts, ...styles].includes("'unsafe-eval'")) {
    return { modifier: -10, reason: "Content-Security-Policy allows 'unsafe-eval', which turns text into code." };
  }
  if (https && passive.some(isPlainHttp)) {
    return { modifier: -10, reason: "Content-Security-Policy allows an HTTPS page images or media over HTTP." };
  }
  if (styles.some((source) => isBroad(source) || INLINE.has(source))) {
    return { modifier: 0, reason: "Safe but for styles, which may be inline or from nearly anywhere." };
  }
  const byDefault = policy.get("default-src");
  return byDefault?.every((source) => source === "'none'")
    ? { modifier: 10, reason: "Nothing unsafe, and default-src 'none'." }
    : { modifier: 5, reason: "Nothing unsafe; default-src 'none' would be stricter still." };
}

/** A directive's sources, or those of default-src in its place; without both, everything is allowed. */
function sourcesOf(policy: Policy, directive: string): string[] {
  return policy.get(directive) ?? policy.get("default-src") ?? ["*"];
}

/** Beside a nonce or hash, browsers ignore 'unsafe-inline', and with 'strict-dynamic' also hosts, schemes and 'self'. */
function effective(sources: string[]): string[] {
  if (!sources.some(isNonceOrHash)) return sources;
  const strict = sources.includes("'strict-dynamic'");
  return sources.filter((source) => {
    if (source === "'unsafe-inline'") return false;
    return !strict || (source.startsWith("'") && source !== "'self'");
  });
}

const isBroad = (source: string) => BROAD.has(source);
const isPlainHttp = (source: string) => /^(http|ftp):/.test(source);
const isNonceOrHash = (source: string) => /^'(nonce-|sha(256|384|512)-)/.test(source);
