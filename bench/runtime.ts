import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptionsShape } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_splitSqlQuery } from "wrangler";
import { bundle } from "../src/local/bundle.ts";

export const ROOT = resolve(import.meta.dirname, "..");

/** A worker that runs in a workerd of its own, on an empty database of its own that is on disk. */
export interface Server extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  origin: string;
  db: D1Database;
  /** Console lines that the worker has printed; they are counted and dropped. */
  printedLines(): number;
}

const FLAGS = ["nodejs_compat", "global_fetch_strictly_public", "queue_consumer_no_wait_for_wait_until"];

type Entry = "src/index.ts" | "bench/floor.ts" | "bench/metered.ts";

/** Bundles the entry, starts it without wrangler's proxy and applies the migrations. Disposing it removes the data. */
export async function startServer(entry: Entry): Promise<Server> {
  const directory = temporaryDirectory();
  let printedLines = 0;
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...declaredOptions(entry),
      // As src/local/start.ts has it, and for its reason.
      compatibilityFlags: FLAGS,
      name: "bench",
      modules: (await bundle(entry)).map(({ name, text }) => ({ type: "ESModule", path: name, contents: text })),
      bindings: { LOCAL_OPEN: "true" },
      host: "127.0.0.1",
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      resourcePersistencePath: directory,
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: () => void printedLines++,
    }),
  );
  const { origin } = await miniflare.ready;
  const db = (await miniflare.getD1Database("DB")) as unknown as D1Database;
  await applyMigrations(db);
  return {
    origin,
    db,
    printedLines: () => printedLines,
    async [Symbol.asyncDispose]() {
      await miniflare.dispose();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The bindings and the compatibility that wrangler.toml declares; the floor has no Durable Objects. */
function declaredOptions(entry: Entry): V4WorkerOptionsShape {
  const declared: V4WorkerOptionsShape = unstable_getMiniflareWorkerOptions(
    resolve(ROOT, "wrangler.toml"),
  ).workerOptions;
  // The bundle needs no rules for modules, and the pages' files are not served.
  const { modulesRules: _modulesRules, assets: _assets, ...options } = declared;
  return entry === "bench/floor.ts" ? { ...options, durableObjects: {} } : options;
}

async function applyMigrations(db: D1Database): Promise<void> {
  const directory = resolve(ROOT, "migrations");
  for (const file of readdirSync(directory).sort()) {
    const queries = unstable_splitSqlQuery(readFileSync(join(directory, file), "utf8"));
    await db.batch(queries.map((query) => db.prepare(query)));
  }
}

// Miniflare and wrangler keep theirs in here too, and do not always clean up.
const everythingTemporary = mkdtempSync(join(tmpdir(), "agent-runs-bench-"));
process.env.TMPDIR = everythingTemporary;
process.once("exit", () => rmSync(everythingTemporary, { recursive: true, force: true }));
// Ctrl-C too leaves nothing behind: Miniflare ends its workerd when the process exits.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/** A new directory on disk, where an fsync is one; gone when the process exits. */
export function temporaryDirectory(): string {
  return mkdtempSync(join(everythingTemporary, "part-"));
}
