import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const root = resolve(import.meta.dirname, "..");
const migrations = await readD1Migrations(resolve(root, "migrations"));

const TEXT_MODULE = resolve(root, "text-module-");

/** As [[rules]] of wrangler.toml has it: the dashboard's files are imported as their text. */
const textModules = {
  name: "text-modules",
  enforce: "pre" as const,
  async resolveId(source: string, importer: string | undefined) {
    if (!/(\/client\/.*\.(css|svg)|\.client\.js|uPlot\.(iife\.min\.js|min\.css))$/.test(source)) return null;
    const file = source.startsWith(".")
      ? resolve(importer ?? root, "..", source)
      : resolve(root, "node_modules", source);
    // A file that is not there, of a name that says nothing of style sheets or packages: Vite has its own ways with both.
    return `${TEXT_MODULE}${encodeURIComponent(file)}.mjs`;
  },
  load(id: string) {
    if (!id.startsWith(TEXT_MODULE)) return null;
    const file = decodeURIComponent(id.slice(TEXT_MODULE.length, -".mjs".length));
    return `export default ${JSON.stringify(readFileSync(file, "utf8"))};`;
  },
};

export default defineConfig({
  test: {
    root,
    silent: "passed-only", // the service's log is worth reading only where a test failed
    reporters: ["default", "./test/summary-reporter.ts"],
    projects: [
      {
        plugins: [textModules],
        test: { name: "pure", root, include: ["test/pure/**/*.test.ts"] },
      },
      {
        test: { name: "server", root, include: ["test/server/**/*.test.ts"] },
      },
      {
        plugins: [
          textModules,
          cloudflareTest({
            main: "./test/worker.ts",
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              // As src/local/start.ts has it, and for its reason.
              compatibilityFlags: [
                "nodejs_compat",
                "global_fetch_strictly_public",
                "queue_consumer_no_wait_for_wait_until",
              ],
              bindings: {
                MIGRATIONS: migrations,
                LOCAL_OPEN: "true",
                SCANNER_ALLOW_PRIVATE: "true",
                HTTP_AGENT_SECRET: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
                WEBHOOK_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
              },
            },
          }),
        ],
        test: {
          name: "workers",
          root,
          include: ["test/workers/**/*.test.ts"],
          setupFiles: ["./test/workers/apply-migrations.ts"],
        },
      },
    ],
  },
});
