import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { duplicateTestNames, type SourceFile, tidyComplaints } from "../tidy.ts";

const ROOT = resolve(import.meta.dirname, "../..");

function filesOf(folder: string, pattern: string): SourceFile[] {
  const cwd = resolve(ROOT, folder);
  return globSync(pattern, { cwd }).map((path) => ({ path, text: readFileSync(resolve(cwd, path), "utf8") }));
}

test("the source is tidy", () => {
  const files = filesOf("src", "**/*.{ts,tsx}");
  expect(files.length).toBeGreaterThan(40);
  expect(tidyComplaints(files)).toEqual([]);
});

test("no two tests have one name", () => {
  const files = filesOf("test", "**/*.test.ts");
  expect(files.length).toBeGreaterThan(10);
  expect(duplicateTestNames(files)).toEqual([]);
});

describe("the tidy check finds", () => {
  const complaintsOf = (path: string, text: string) =>
    tidyComplaints([
      { path, text },
      { path: "index.ts", text: `import { a } from "./${path}";` },
    ]).filter((complaint) => complaint.startsWith(path));

  test.for([
    { what: "the time outside clock.ts", path: "core/a.ts", text: "const t = Date.now();" },
    { what: "an argumentless Date", path: "http/a.ts", text: "const t = new Date();" },
    { what: "chance outside random.ts", path: "http/a.ts", text: "const t = Math.random();" },
    { what: "a UUID outside random.ts", path: "http/a.ts", text: "const t = crypto.randomUUID();" },
    { what: "the console outside log.ts", path: "http/a.ts", text: "console.log(1);" },
    { what: "SQL outside store/", path: "http/a.ts", text: 'db.prepare("SELECT id FROM agent_runs");' },
    { what: "a write in SQL outside store/", path: "coordinator/a.ts", text: "`UPDATE agent_runs SET status = 1`" },
    { what: "a time function of SQL", path: "store/a.ts", text: "`INSERT INTO t VALUES (unixepoch())`" },
    { what: "an enum", path: "core/a.ts", text: "export enum Colour {}" },
    { what: "any", path: "core/a.ts", text: "const a: any = 1;" },
    { what: "as any", path: "core/a.ts", text: "const a = 1 as any;" },
    { what: "an unfinished thing", path: "core/a.ts", text: "// TODO: later" },
    { what: "a default export", path: "core/a.ts", text: "export default 1;" },
    { what: "a barrel", path: "core/a.ts", text: 'export { b } from "./b.ts";' },
    { what: "an import against the direction", path: "store/a.ts", text: 'import { b } from "../http/b.ts";' },
    { what: "an import over several lines", path: "core/a.ts", text: 'import {\n  b,\n  c,\n} from "../store/b.ts";' },
    {
      what: "run writes outside the coordinator",
      path: "scheduler/a.ts",
      text: 'import { w } from "../store/run-writes.ts";',
    },
    { what: "an import of index.ts", path: "http/a.ts", text: 'import type { b } from "../index.ts";' },
    {
      what: "the coordinator itself at the edge",
      path: "http/a.ts",
      text: 'import { c } from "../coordinator/coordinator.ts";',
    },
    { what: "a folder that is not on the map", path: "utils/a.ts", text: "" },
    { what: "a file of over 200 lines", path: "core/a.ts", text: "\n".repeat(201) },
    { what: "a function of over 70 lines", path: "core/a.ts", text: `function f() {${"\n  g();".repeat(70)}\n}` },
  ])("$what", ({ path, text }) => {
    expect(complaintsOf(path, text)).toHaveLength(1);
  });

  test.for([
    { what: "the time in clock.ts", path: "clock.ts", text: "return Date.now();" },
    { what: "a Date of an instant", path: "http/a.ts", text: "new Date(atMs).toISOString()" },
    { what: "prose about SQL", path: "http/a.ts", text: "// never SELECT x FROM y here" },
    { what: "the word any", path: "http/a.ts", text: 'const s = "takes any agent";' },
    { what: "a function of 70 lines", path: "core/a.ts", text: `function f() {${"\n  g();".repeat(68)}\n}` },
    {
      what: "the type of a run write",
      path: "coordinator/a.ts",
      text: 'import type { W } from "../store/run-writes.ts";',
    },
  ])("nothing in $what", ({ path, text }) => {
    expect(complaintsOf(path, text)).toEqual([]);
  });

  test("a file that nobody imports", () => {
    expect(tidyComplaints([{ path: "core/a.ts", text: "" }])).toEqual(["core/a.ts:1 is imported by nobody: delete it"]);
  });

  test("a cycle, but not one of types", () => {
    const cycle = (imports: string) => [
      { path: "core/a.ts", text: `${imports} { b } from "./b.ts";` },
      { path: "core/b.ts", text: 'import { a } from "./a.ts";' },
    ];
    expect(tidyComplaints(cycle("import"))).toHaveLength(2);
    expect(tidyComplaints(cycle("import type"))).toEqual([]);
  });

  test("two tests of one name", () => {
    const file = (path: string) => ({ path, text: 'test("it works", () => {});' });
    expect(duplicateTestNames([file("a.test.ts"), file("b.test.ts")])).toEqual([
      "b.test.ts:1 has the name of the test at a.test.ts:1",
    ]);
  });
});
