import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { ROOT, temporaryDirectory } from "./runtime.ts";
import { median } from "./statistics.ts";
import { type Aim, figure, printNote, printTable, verdict } from "./table.ts";

const WRANGLER = resolve(ROOT, "node_modules/wrangler/bin/wrangler.js");
const WRANGLER_DEADLINE_MS = 60_000;
const STARTUP_PROFILES = 7;
const KB = 1_000;

const AIMS = {
  minifiedGzipKb: { most: 200 },
} satisfies Record<string, Aim>;

/** How big the deployed Worker is, and how long its top level takes to run. */
export async function measureBundle(): Promise<void> {
  const minified = await bundleBytes(["--minify"]);
  const plain = await bundleBytes([]);
  const startupMs: number[] = [];
  while (startupMs.length < STARTUP_PROFILES) startupMs.push(await startupActiveMs());
  printTable(
    "The bundle, as `wrangler deploy` makes it, and its start",
    [{ title: "", align: "left" }, { title: "bytes" }, { title: "gzip KB" }, { title: "", align: "left" }],
    [
      [
        "minified",
        figure(minified.bytes, 0),
        figure(minified.gzipBytes / KB, 1),
        verdict(minified.gzipBytes / KB, AIMS.minifiedGzipKb),
      ],
      ["not minified", figure(plain.bytes, 0), figure(plain.gzipBytes / KB, 1), "as `npm run deploy` sends it"],
    ],
  );
  printNote(
    `start: ${figure(median(startupMs), 1)} ms active (${startupMs.map((ms) => figure(ms, 1)).join(", ")}), by the CPU profile of \`wrangler check startup\`; the platform allows 1,000 ms`,
  );
}

async function bundleBytes(options: string[]): Promise<{ bytes: number; gzipBytes: number }> {
  const directory = temporaryDirectory();
  await wrangler(["deploy", "--dry-run", "--outdir", directory, ...options]);
  const script = readFileSync(join(directory, "index.js"));
  return { bytes: script.length, gzipBytes: gzipSync(script).length };
}

async function startupActiveMs(): Promise<number> {
  const output = await wrangler(["check", "startup", "--outfile", join(temporaryDirectory(), "startup.cpuprofile")]);
  const active = /Active: ([\d.]+) ms/.exec(output)?.[1];
  if (active === undefined) throw new Error(`wrangler check startup no longer prints "Active: … ms":\n${output}`);
  return Number(active);
}

async function wrangler(args: string[]): Promise<string> {
  const env = {
    ...process.env,
    CI: "true",
    NO_COLOR: "1",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_LOG_PATH: temporaryDirectory(),
  };
  const { stdout } = await promisify(execFile)(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    env,
    timeout: WRANGLER_DEADLINE_MS,
  });
  return stdout;
}
