import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { measureBackground } from "./background.ts";
import { measureBundle } from "./bundle.ts";
import { measureList } from "./list.ts";
import { measurePages } from "./pages.ts";
import { measureRows } from "./rows.ts";
import { ROOT } from "./runtime.ts";
import { measureScheduler } from "./scheduler.ts";
import { measureStream } from "./stream.ts";
import { measureThroughput } from "./throughput.ts";

/** `npm run bench [-- throughput|background|stream|rows|scheduler|list|pages|bundle …] [--rounds N] [--seconds S]`: measures, and changes nothing. */

const DEADLINE_MS = 15 * 60_000;

const options = readOptions();

const PARTS: Record<string, () => Promise<void>> = {
  throughput: () => measureThroughput(options),
  background: () => measureBackground(options),
  stream: () => measureStream(options),
  rows: measureRows,
  scheduler: measureScheduler,
  list: measureList,
  pages: measurePages,
  bundle: measureBundle,
};

const unknown = options.parts.filter((part) => !Object.hasOwn(PARTS, part));
if (unknown.length > 0) fail(`there is no part named ${unknown.join(", ")}`);

setTimeout(() => fail(`not done within ${DEADLINE_MS / 60_000} minutes`), DEADLINE_MS).unref();
const startedAtMs = performance.now();
console.log(machine());
for (const [name, measure] of Object.entries(PARTS)) {
  if (options.parts.length === 0 || options.parts.includes(name)) await measure();
}
console.log(`\nDone in ${Math.round((performance.now() - startedAtMs) / 1_000)} s.`);
process.exit();

function readOptions(): { parts: string[]; rounds: number; seconds: number } {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "3" } },
    });
    return {
      parts: positionals,
      rounds: between("rounds", Number(values.rounds), 1, 50),
      seconds: between("seconds", Number(values.seconds), 1, 60),
    };
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function between(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name} must be an integer from ${least} to ${most}`);
}

function machine(): string {
  const model = cpus()[0]?.model ?? "unknown processor";
  const versions = ["workerd", "miniflare"].map((name) => `${name} ${versionOf(name)}`);
  return `${availableParallelism()} cores (${model}), node ${process.versions.node}, ${versions.join(", ")}`;
}

function versionOf(name: string): string {
  return JSON.parse(readFileSync(resolve(ROOT, `node_modules/${name}/package.json`), "utf8")).version;
}

function fail(message: string): never {
  console.error(
    `${message}\nusage: npm run bench [-- throughput|background|stream|rows|scheduler|list|pages|bundle …] [--rounds N] [--seconds S]`,
  );
  process.exit(1);
}
