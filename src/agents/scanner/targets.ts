import * as z from "zod";
import { MAX_SCAN_TARGETS, MAX_TARGET_URL_CHARS } from "../../contract/limits.ts";
import { readUrl } from "../../net/read-url.ts";

const Target = z
  .string()
  .max(MAX_TARGET_URL_CHARS)
  .transform((text, context) => {
    const url = readUrl(text);
    if (url instanceof URL) return url;
    context.addIssue({ code: "custom", message: url });
    return z.NEVER;
  });

export const ScannerInput = z.strictObject({
  targets: z
    .array(Target)
    .min(1)
    .max(MAX_SCAN_TARGETS)
    .optional()
    .meta({ description: "http or https URLs. Without them: those of SCANNER_TARGETS, or else this service itself." }),
});

export interface Targets {
  urls: URL[];
  /** Entries of SCANNER_TARGETS that cannot be scanned, and why. */
  unusable: { text: string; reason: string }[];
}

/** The text of a URL, fit to be reported and stored. */
export function withoutCredentials(text: string): string {
  return text.replace(/^(\w+:[\\/]*|[\\/]{2,})[^\\/?#]*@/, "$1");
}

/**
 * What to scan, each URL once: those the run names, or else those of SCANNER_TARGETS, or else the service itself.
 * Throws if SCANNER_TARGETS names something but nothing usable, or if nobody knows where the service is.
 */
export function chooseTargets(choice: {
  named: URL[] | undefined;
  variable: string | undefined;
  serviceOrigin: string;
}): Targets {
  if (choice.named !== undefined) return { urls: distinct(choice.named), unusable: [] };
  const entries = (choice.variable ?? "").split(",").map((entry) => entry.trim());
  const configured = readConfigured(entries.filter((entry) => entry !== ""));
  if (configured.urls.length > 0) return configured;
  const [first] = configured.unusable;
  if (first !== undefined) throw new Error(`SCANNER_TARGETS has no usable URL: "${first.text}" ${first.reason}`);
  if (choice.serviceOrigin === "") throw new Error("there is nothing to scan: set SCANNER_TARGETS, or PUBLIC_URL");
  return { urls: [new URL(choice.serviceOrigin)], unusable: [] };
}

function readConfigured(entries: string[]): Targets {
  const urls: URL[] = [];
  const unusable: Targets["unusable"] = [];
  for (const text of entries) {
    const target = Target.safeParse(text);
    if (target.success) urls.push(target.data);
    else
      unusable.push({
        text: withoutCredentials(text),
        reason: target.error.issues.map((issue) => issue.message).join("; "),
      });
  }
  const usable = distinct(urls);
  for (const url of usable.splice(MAX_SCAN_TARGETS)) {
    unusable.push({ text: url.href, reason: `is beyond the first ${MAX_SCAN_TARGETS} targets` });
  }
  return { urls: usable, unusable };
}

function distinct(urls: URL[]): URL[] {
  return [...new Map(urls.map((url) => [url.href, url])).values()];
}
