/** A file of `src`, named from there: `http/app.ts`. */
export interface SourceFile {
  path: string;
  text: string;
}

export type Complaint = string;

const MAX_FILE_LINES = 200;
const MAX_FUNCTION_LINES = 70;

/** Who may import whom: a folder, or one file of it. The direction of DESIGN: edge, executor, coordinator, store. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  contract: ["contract"],
  core: ["core", "contract"],
  store: ["store", "core", "contract", "clock.ts"],
  net: ["net"],
  agents: [
    "agents",
    "net",
    "webhooks/signature.ts",
    "store/agent-versions.ts",
    "contract",
    "core",
    "env.ts",
    "clock.ts",
  ],
  webhooks: [
    "webhooks",
    "agents/define-agent.ts",
    "net",
    "coordinator/wake.ts",
    "http/run-view.ts",
    "store",
    "core",
    "contract",
    "env.ts",
    "clock.ts",
    "random.ts",
    "log.ts",
  ],
  coordinator: [
    "coordinator",
    "stream/client.ts",
    "store",
    "core",
    "contract",
    "env.ts",
    "clock.ts",
    "random.ts",
    "log.ts",
  ],
  executor: [
    "executor",
    "webhooks",
    "agents",
    "coordinator/client.ts",
    "coordinator/protocol.ts",
    "coordinator/wake.ts",
    "store/model-prices.ts",
    "store/runs.ts",
    "store/storage.ts",
    "core",
    "contract",
    "env.ts",
    "clock.ts",
    "random.ts",
    "log.ts",
  ],
  scheduler: [
    "scheduler",
    "stream/client.ts",
    "executor/run-agent.ts",
    "webhooks/choose-webhook.ts",
    "agents/define-agent.ts",
    "agents/registry.ts",
    "coordinator/client.ts",
    "coordinator/wake.ts",
    "store",
    "core",
    "contract",
    "env.ts",
    "clock.ts",
    "log.ts",
  ],
  http: [
    "http",
    "scheduler/arm-ticker.ts",
    "scheduler/begin-fires.ts",
    "scheduler/trigger-job.ts",
    "scheduler/work-on-jobs.ts",
    "stream/client.ts",
    "stream/event-log.ts",
    "webhooks",
    "executor",
    "agents",
    "coordinator/client.ts",
    "coordinator/protocol.ts",
    "coordinator/wake.ts",
    "store",
    "core",
    "contract",
    "env.ts",
    "clock.ts",
    "random.ts",
    "log.ts",
  ],
  stream: ["stream", "core", "contract", "env.ts", "clock.ts", "random.ts", "log.ts"],
  "rate-limit": ["core", "env.ts", "clock.ts"],
  local: ["local"],
  "index.ts": ["agents", "coordinator", "executor", "http", "rate-limit", "scheduler", "stream", "env.ts", "clock.ts"],
  "env.ts": [
    "contract",
    "core",
    "rate-limit/request-counter.ts",
    "coordinator/agent-coordinator.ts",
    "coordinator/wake.ts",
    "scheduler/ticker.ts",
    "stream/hub.ts",
  ],
  "clock.ts": [],
  "random.ts": [],
  "log.ts": [],
};

/** Only the coordinator writes runs, and what an agent remembers; `import type` of what it writes is no writing. */
const RUN_WRITES: ReadonlySet<string> = new Set([
  "store/run-writes.ts",
  "store/run-statements.ts",
  "store/run-event-statements.ts",
  "store/memory.ts",
]);

const FORBIDDEN: readonly { pattern: RegExp; home: RegExp; instead: string }[] = [
  {
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/,
    home: /^(clock\.ts$|local\/)/,
    instead: "nowMs of clock.ts, as an argument",
  },
  { pattern: /\bMath\.random\(|\brandomUUID\(|\bgetRandomValues\(/, home: /^random\.ts$/, instead: "random.ts" },
  { pattern: /\bconsole\./, home: /^(log\.ts$|local\/)/, instead: "log of log.ts" },
  {
    pattern: /\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\b/,
    home: /^store\//,
    instead: "a function of store/",
  },
  {
    pattern: /\bCURRENT_TIMESTAMP\b|\bunixepoch\(|\bstrftime\(|\bdatetime\(\s*'now'/,
    home: /^$/,
    instead: "a parameter in epoch milliseconds",
  },
  { pattern: /^\s*(export\s+)?(const\s+)?enum\s/, home: /^$/, instead: "a closed union" },
  { pattern: /(:|\bas|<|\|)\s*any\b(?!\s*[a-z])/, home: /^$/, instead: "unknown" },
  { pattern: /\b(TODO|FIXME|XXX)\b/, home: /^$/, instead: "the thing itself" },
  { pattern: /^export default\b/, home: /^index\.ts$/, instead: "a named export" },
  { pattern: /^export (\*|\{[^}]*\}) from\b/, home: /^index\.ts$/, instead: "an import from where it is declared" },
];

/** What is untidy in `src`, as `file:line what to do`. */
export function tidyComplaints(files: readonly SourceFile[]): Complaint[] {
  return [
    ...files.flatMap(forbiddenWords),
    ...files.flatMap(forbiddenImports),
    ...files.flatMap(tooLong),
    ...neverImported(files),
    ...cycles(files),
  ];
}

/** Tests that share a name, over all test files. */
export function duplicateTestNames(files: readonly SourceFile[]): Complaint[] {
  const seen = new Map<string, string>();
  return files.flatMap(({ path, text }) =>
    lines(text).flatMap(({ line, number }) => {
      const name = /^\s*(?:test|\]\)|\]\s*as const\))\((["'`])(.+?)\1/.exec(line)?.[2];
      if (name === undefined) return [];
      const place = `${path}:${number}`;
      const other = seen.get(name);
      seen.set(name, place);
      return other === undefined ? [] : [`${place} has the name of the test at ${other}`];
    }),
  );
}

function forbiddenWords({ path, text }: SourceFile): Complaint[] {
  return lines(text)
    .filter(({ line }) => !/^\s*(\*|\/\/|\/\*)/.test(line) || /\bTODO\b/.test(line))
    .flatMap(({ line, number }) =>
      FORBIDDEN.filter(({ pattern, home }) => pattern.test(line) && !home.test(path)).map(
        ({ pattern, instead }) => `${path}:${number} ${pattern.exec(line)?.[0].trim()}: use ${instead}`,
      ),
    );
}

function forbiddenImports(file: SourceFile): Complaint[] {
  const allowed = MAY_IMPORT[file.path.split("/")[0] ?? ""];
  if (allowed === undefined) return [`${file.path}:1 is in no folder of the map: see MAY_IMPORT`];
  return importsOf(file).flatMap(({ target, number, typeOnly }) => {
    const listed = allowed.some((entry) => target === entry || target.startsWith(`${entry}/`));
    const writes = RUN_WRITES.has(target) && !typeOnly && !/^(coordinator|store)\//.test(file.path);
    return listed && !writes ? [] : [`${file.path}:${number} may not import ${target}`];
  });
}

function tooLong({ path, text }: SourceFile): Complaint[] {
  const all = lines(text);
  // The one list of every limit is as long as there are limits.
  const mayBeLong = path === "contract/limits.ts";
  const complaints =
    !mayBeLong && all.length > MAX_FILE_LINES + 1 ? [`${path}:1 has ${all.length} lines: split it`] : [];
  for (const { line, number } of all) {
    const indent = /^(\s*)(?:export )?(?:default )?(?:async )?function\b.*$/.exec(line)?.[1];
    if (indent === undefined) continue;
    const end = all.find((candidate) => candidate.number > number && candidate.line.startsWith(`${indent}}`));
    const length = (end?.number ?? number) - number + 1;
    if (length > MAX_FUNCTION_LINES && !isFactory(all, number, indent)) {
      complaints.push(`${path}:${number} is a function of ${length} lines: split it`);
    }
  }
  return complaints;
}

/** A closure that holds state for the functions in it is as long as they are; each of them is measured by itself. */
function isFactory(all: readonly Line[], number: number, indent: string): boolean {
  return all.some((inner) => inner.number > number && inner.line.startsWith(`${indent}  return {`));
}

function neverImported(files: readonly SourceFile[]): Complaint[] {
  const imported = new Set(files.flatMap((file) => importsOf(file).map(({ target }) => target)));
  return files
    .filter(
      ({ path }) => path !== "index.ts" && !path.startsWith("local/") && !path.endsWith(".d.ts") && !imported.has(path),
    )
    .map(({ path }) => `${path}:1 is imported by nobody: delete it`);
}

/** `import type` vanishes when the code is built, so it makes no cycle. */
function cycles(files: readonly SourceFile[]): Complaint[] {
  const edges = new Map(
    files.map((file) => [file.path, importsOf(file).flatMap((entry) => (entry.typeOnly ? [] : [entry.target]))]),
  );
  const reaches = (from: string, goal: string, seen = new Set<string>()): boolean =>
    (edges.get(from) ?? []).some((next) => {
      if (next === goal) return true;
      if (seen.has(next)) return false;
      seen.add(next);
      return reaches(next, goal, seen);
    });
  return files.filter(({ path }) => reaches(path, path)).map(({ path }) => `${path}:1 imports itself by way of others`);
}

interface Import {
  target: string;
  number: number;
  typeOnly: boolean;
}

function importsOf({ path, text }: SourceFile): Import[] {
  const matches = text.matchAll(/(?:^(?:import|export)\s+(type\s)?[^;"]*?from\s+|\bimport\()"(\.[^"]+\.tsx?)"/gms);
  return [...matches].map((match) => ({
    target: new URL(match[2] ?? "", `file:///${path}`).pathname.slice(1),
    number: text.slice(0, match.index).split("\n").length,
    typeOnly: match[1] !== undefined,
  }));
}

interface Line {
  line: string;
  number: number;
}

function lines(text: string): Line[] {
  return text.split("\n").map((line, index) => ({ line, number: index + 1 }));
}
