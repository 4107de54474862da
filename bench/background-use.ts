import { startInBackground, untilEnded } from "./background-runs.ts";
import { loadRuns } from "./load.ts";
import { type RunUse, takeReading, usePerRun } from "./meter-reading.ts";
import { printPrices } from "./prices.ts";
import { type Server, startServer } from "./runtime.ts";
import { figure, printTable } from "./table.ts";

const RUNS = 200;
const SLEEPERS = 20;

const KINDS = [
  { load: "plain", agent: "echo" },
  { load: "with one retry", agent: "fails-once" },
  { load: "with ten events", agent: "says-ten" },
];

/** What a run in the background asks of D1, its coordinator and the queue; and whether a long run asks for more. */
export async function measureBackgroundUse(): Promise<void> {
  await using server = await startServer("bench/metered.ts");
  const uses: { load: string; use: RunUse }[] = [];
  for (const { load, agent } of KINDS) {
    await takeReading(server, agent); // sets the meter to zero
    const linesBefore = server.printedLines();
    await loadRuns(server.origin, { connections: 1, requests: RUNS, agent, inBackground: true });
    await untilEnded(server);
    const lines = server.printedLines() - linesBefore;
    uses.push({ load, use: usePerRun(await takeReading(server, agent), { runs: RUNS, lines }) });
  }
  printTable(
    `What a run in the background uses, of ${RUNS} asked for one after another`,
    [
      { title: "run", align: "left" },
      { title: "rows written" },
      { title: "rows read" },
      { title: "D1 calls" },
      { title: "object requests" },
      { title: "messages" },
      { title: "log lines" },
    ],
    uses.map(({ load, use }) => [
      load,
      figure(use.rowsWritten, 2),
      figure(use.rowsRead, 2),
      figure(use.databaseCalls, 2),
      figure(use.objectRequests, 2),
      figure(use.wakes, 2),
      figure(use.logLines, 2),
    ]),
  );
  printPrices("runs in the background", uses);
  await measureSleepers(server);
}

async function measureSleepers(server: Server): Promise<void> {
  const rows: string[][] = [];
  for (const sleepMs of [0, 1_000, 10_000]) {
    await takeReading(server, "echo");
    await startInBackground(server, { params: { sleep_ms: sleepMs } }, SLEEPERS);
    await untilEnded(server);
    const use = usePerRun(await takeReading(server, "echo"), { runs: SLEEPERS, lines: 0 });
    rows.push([figure(sleepMs, 0), figure(use.objectActiveMs, 2), figure(use.objectRequests, 2)]);
  }
  printTable(
    `The coordinator's part in runs that sleep, of ${SLEEPERS} each`,
    [{ title: "sleeps ms" }, { title: "object active ms per run" }, { title: "object requests per run" }],
    rows,
  );
}
