import * as z from "zod";

/** Most severe first. */
export const SEVERITIES = ["critical", "high", "medium", "low", "info"] as const;

const Check = z.object({
  name: z.enum([
    "content_security_policy",
    "strict_transport_security",
    "x_content_type_options",
    "referrer_policy",
    "framing",
    "cookies",
    "redirection",
    "permissions_policy",
  ]),
  modifier: z.int().meta({ description: "Points taken or given. Bonuses count only from 90 points up." }),
  reason: z.string(),
  value: z.string().nullable().meta({ description: "The header as it came, its beginning." }),
});

const Grade = z.object({
  score: z.int().min(0),
  letter: z.enum(["A+", "A", "A-", "B+", "B", "B-", "C+", "C", "C-", "D+", "D", "D-", "F"]),
  source: z.url().meta({ description: "Where the rules come from." }),
  checks: z.array(Check),
});

/** What may differ between two scans of a target. */
export const ASPECTS = ["outcome", "status", "final_url", "content", "title", "grade", "findings"] as const;

const TargetChange = z.object({
  kind: z.enum(["new", "unchanged", "changed", "down", "recovered"]).meta({
    description: "`new`: never scanned before. `recovered`: it was down at the last scan and is not any more.",
  }),
  what: z.array(z.enum(ASPECTS)).meta({ description: "What is not as it was at the last scan." }),
  resolved: z.array(z.string()).meta({ description: "Codes of findings of the last scan that are no more." }),
  down_since: z.iso
    .datetime()
    .nullable()
    .meta({ description: "When a scan first found it down; also of `recovered`." }),
  last_scan_at: z.iso.datetime().nullable(),
});

const TargetReport = z.object({
  url: z.string(),
  outcome: z.enum(["answered", "refused", "unreachable", "timed_out", "bad_redirect"]),
  reason: z.string().nullable().meta({ description: "Why there is no answer to report." }),
  status: z.int().nullable(),
  final_url: z.string().nullable(),
  redirects: z.array(z.object({ url: z.string(), status: z.int(), location: z.string().nullable() })),
  latency_ms: z.int().nullable().meta({ description: "From the last request to its headers." }),
  duration_ms: z.int().meta({ description: "Everything about this target: redirects, headers and body." }),
  content_type: z.string().nullable(),
  bytes_read: z.int(),
  truncated: z.boolean().meta({ description: "There was more to the body than was read." }),
  truncated_by: z.enum(["limit", "deadline", "lost"]).nullable().meta({ description: "What cut the body short." }),
  sha256: z.string().nullable().meta({ description: "Of the bytes read." }),
  title: z.string().nullable(),
  cookies: z.array(
    z.object({ name: z.string(), secure: z.boolean(), http_only: z.boolean(), same_site: z.string().nullable() }),
  ),
  cookie_count: z.int().meta({ description: "How many there were; the list is bounded." }),
  grade: Grade.nullable(),
  change: TargetChange.nullable().meta({ description: "Since the last scan of it; null: nothing could be compared." }),
});

const Finding = z.object({
  severity: z.enum(SEVERITIES),
  target: z.string(),
  code: z.string(),
  message: z.string(),
  change: z.enum(["new", "changed", "unchanged", "down_since", "recovered"]).nullable().meta({
    description:
      "Since the last scan of the target. `changed`: it says something else. `down_since`: the site was down then, too. Null: nothing could be compared.",
  }),
  since: z.iso.datetime().nullable().meta({ description: "When a scan first found it." }),
});

export const ScannerOutput = z.object({
  targets: z.array(TargetReport),
  findings: z.array(Finding).meta({ description: "Most severe first, then in the order of the targets." }),
  summary: z.string(),
});

export type Check = z.infer<typeof Check>;
export type Grade = z.infer<typeof Grade>;
export type TargetChange = z.infer<typeof TargetChange>;
export type TargetReport = z.infer<typeof TargetReport>;
export type Finding = z.infer<typeof Finding>;
export type ScannerOutput = z.infer<typeof ScannerOutput>;

/** What one rule says: points, and why. */
export type Verdict = Pick<Check, "modifier" | "reason">;
