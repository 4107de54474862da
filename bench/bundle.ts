import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { transform } from "esbuild";
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

/** How big the deployed Worker is, module by module, and how long its top level takes to run. */
export async function measureBundle(): Promise<void> {
  const modules = await deployedModules();
  const startupMs: number[] = [];
  while (startupMs.length < STARTUP_PROFILES) startupMs.push(await startupActiveMs());
  printTable(
    "The modules, as `wrangler deploy` sends them, and the start",
    [
      { title: "module", align: "left" },
      { title: "bytes" },
      { title: "gzip KB" },
      { title: "minified, gzip KB" },
      { title: "", align: "left" },
    ],
    modules.map(({ name, bytes, gzipBytes, minifiedGzipBytes }) => [
      name,
      figure(bytes, 0),
      figure(gzipBytes / KB, 1),
      figure(minifiedGzipBytes / KB, 1),
      name === "index.mjs"
        ? verdict(minifiedGzipBytes / KB, AIMS.minifiedGzipKb)
        : "loaded where a model first runs, and not before",
    ]),
  );
  printNote(
    `start: ${figure(median(startupMs), 1)} ms active (${startupMs.map((ms) => figure(ms, 1)).join(", ")}), by the CPU profile of \`wrangler check startup\`; the platform allows 1,000 ms`,
  );
}

async function deployedModules() {
  const directory = temporaryDirectory();
  await wrangler(["deploy", "--dry-run", "--outdir", directory]);
  const names = readdirSync(directory).filter((name) => name.endsWith(".mjs"));
  return Promise.all(
    names.map(async (name) => {
      const script = readFileSync(join(directory, name));
      const { code } = await transform(script, { minify: true, format: "esm" });
      const minifiedGzipBytes = gzipSync(code).length;
      return { name, bytes: script.length, gzipBytes: gzipSync(script).length, minifiedGzipBytes };
    }),
  );
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
