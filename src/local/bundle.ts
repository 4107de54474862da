import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type BuildOptions, type BuildResult, build, type Plugin } from "esbuild";

/**
 * The [build] command of wrangler.toml: makes of `src` the modules that are deployed. What speaks to language models,
 * as big as all the rest, is a module of its own, which is compiled only where a model first runs.
 */

const ROOT = resolve(import.meta.dirname, "../..");
const MODELS = resolve(ROOT, "src/agents/llm/libraries.ts");
const MODELS_MODULE = "models.mjs";

const OPTIONS: BuildOptions = {
  bundle: true,
  write: false,
  format: "esm",
  target: "es2024",
  platform: "neutral",
  mainFields: ["module", "main"],
  conditions: ["workerd", "worker", "browser"],
  external: ["cloudflare:*", "node:*"],
  // The dashboard's files are part of the Worker, as their text.
  loader: { ".css": "text", ".svg": "text", ".client.js": "text", ".iife.min.js": "text" },
  logLevel: "warning",
};

const modelsApart: Plugin = {
  name: "models-apart",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/libraries\.ts$/ }, () => ({ path: `./${MODELS_MODULE}`, external: true })),
};

/** Zod's texts in all languages, a quarter of that module: nobody asks for another than English. */
const english: Plugin = {
  name: "english",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/locales\/index\.js$/ }, ({ resolveDir }) => ({
      path: resolve(resolveDir, "../locales/en.js"),
    })),
};

/** The modules of an entry by their names; the entry's is `index.mjs`. */
export async function bundle(entry: string): Promise<{ name: string; text: string }[]> {
  const [core, models] = await Promise.all([
    build({ ...OPTIONS, entryPoints: [resolve(ROOT, entry)], plugins: [modelsApart] }),
    build({ ...OPTIONS, entryPoints: [MODELS], plugins: [english], minify: true }),
  ]);
  return [
    { name: "index.mjs", text: textOf(core) },
    { name: MODELS_MODULE, text: textOf(models) },
  ];
}

function textOf({ outputFiles = [] }: BuildResult): string {
  const [file] = outputFiles;
  if (file === undefined) throw new Error("esbuild made nothing");
  return file.text;
}

if (import.meta.main) {
  const directory = resolve(ROOT, "dist");
  mkdirSync(directory, { recursive: true });
  for (const { name, text } of await bundle("src/index.ts")) writeFileSync(resolve(directory, name), text);
}
