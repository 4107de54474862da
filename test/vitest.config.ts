import { globSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const root = resolve(import.meta.dirname, "..");
const migrations = await readD1Migrations(resolve(root, "migrations"));

const TEXT_MODULE = /\/text-module-([\w.-]+)\.mjs$/;
const textFiles = new Map(
  [
    ...globSync(resolve(root, "src/http/dashboard/client/*")),
    ...globSync(resolve(root, "node_modules/uplot/dist/uPlot.{iife.min.js,min.css}")),
  ].map((file) => [basename(file), file]),
);

/**
 * As src/local/bundle.ts has it: the dashboard's files are imported as their text. Here each is a file that is
 * not there, of a name that says nothing of style sheets or packages: Vite has its own ways with both.
 */
const textModules = {
  name: "text-modules",
  enforce: "pre" as const,
  resolveId(source: string) {
    const name = TEXT_MODULE.exec(source)?.[1] ?? basename(source);
    return textFiles.has(name) ? resolve(root, `text-module-${name}.mjs`) : null;
  },
  load(id: string) {
    const file = textFiles.get(TEXT_MODULE.exec(id)?.[1] ?? "");
    return file === undefined ? null : `export default ${JSON.stringify(readFileSync(file, "utf8"))};`;
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
        test: { name: "browser", root, include: ["test/browser/**/*.test.ts"], testTimeout: 60_000 },
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
          expect: { poll: { timeout: 10_000 } }, // a queue's delay is whole seconds, and the machine may be busy
        },
      },
    ],
  },
});
