import pMap from "p-map";
import { nowMs } from "../../clock.ts";
import { MAX_CONCURRENT_TARGETS, TARGET_DEADLINE_MS } from "../../contract/limits.ts";
import { refuseAddress } from "../../net/address-policy.ts";
import { defineAgent } from "../define-agent.ts";
import { fetchTarget } from "./fetch-target.ts";
import { ScannerOutput } from "./output.ts";
import { compareWithLastScan } from "./remember.ts";
import { examine, report } from "./report.ts";
import { chooseTargets, ScannerInput } from "./targets.ts";

/**
 * Fetches web sites and reports how they are and how well their headers protect their visitors. Fails only when it
 * has nothing to scan: a site that is down is what it is there to find.
 */
export const scanner = defineAgent({
  name: "scanner",
  displayName: "Site Scanner",
  description:
    "Fetches web sites and reports their status, speed, redirects, security headers, cookies and content hash.",
  role: "Watches over web sites",
  category: "security",
  tags: ["web", "security"],
  input: ScannerInput,
  output: ScannerOutput,
  timeoutMs: 180_000,
  concurrency: 10,
  async execute(input, context) {
    const { env, log, serviceOrigin, signal } = context;
    const { urls, unusable } = chooseTargets({ named: input.targets, variable: env.SCANNER_TARGETS, serviceOrigin });
    const options = {
      fetch: (url: string, init: RequestInit) => fetch(url, init),
      refuse: env.SCANNER_ALLOW_PRIVATE === "true" ? () => null : refuseAddress,
      signal,
      deadlineMs: TARGET_DEADLINE_MS,
      nowMs,
    };
    const examined = await pMap(
      urls,
      async (url) => {
        const scan = await fetchTarget(url, options);
        const { ending } = scan;
        log(`${url.href}: ${ending.kind === "answered" ? ending.answer.status : ending.kind}, ${scan.durationMs} ms`);
        return compareWithLastScan(examine(scan), nowMs(), context);
      },
      { concurrency: MAX_CONCURRENT_TARGETS, signal },
    );
    return report(examined, unusable);
  },
});
