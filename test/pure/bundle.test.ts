import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bundle } from "../../src/local/bundle.ts";

const KB = 1_000;

test("what speaks to models is a module of its own, which the rest names only where it loads it", async () => {
  const [core, models] = await bundle("src/index.ts");
  if (core === undefined || models === undefined) throw new Error("there are not two modules");

  // A mark of each library: a name that it gives its errors, or itself.
  for (const mark of ["AI_APICallError", "workersai.chat", "anthropic-version"]) {
    expect(models.text).toContain(mark);
    expect(core.text).not.toContain(mark);
  }
  expect(core.text.match(/["']\.\/models\.mjs["']/g)).toHaveLength(1);
  expect(core.text).toMatch(/import\(["']\.\/models\.mjs["']\)/);
  expect(models.text).not.toContain("Ungültige"); // of the texts that Zod has in every language
  expect(gzipSync(core.text).length / KB).toBeLessThan(450);
});
