import { cancel, startInBackground, untilEnded, untilRunning } from "./background-runs.ts";
import { timeGet } from "./load.ts";
import { startServer } from "./runtime.ts";
import { quantile } from "./statistics.ts";
import { figure, printTable, verdict } from "./table.ts";

const IN_FLIGHT = 1_000;
const STARTERS = 20;
const SLEEP_MS = 30_000;
const SAMPLES = 100;
const AIM = { most: 50 };

/** How soon an agent's status is answered while a thousand of its runs are at work. */
export async function measureInFlight(): Promise<void> {
  await using server = await startServer("src/index.ts");
  const [ended = 0] = await startInBackground(server, {}, 1);
  await untilEnded(server);
  const rows = [await measureAnswers(0)];
  const body = { params: { sleep_ms: SLEEP_MS } };
  await Promise.all(Array.from({ length: STARTERS }, () => startInBackground(server, body, IN_FLIGHT / STARTERS)));
  await untilRunning(server, IN_FLIGHT);
  rows.push(await measureAnswers(IN_FLIGHT));
  await untilRunning(server, IN_FLIGHT); // all through
  await untilEnded(server);
  printTable(
    "Answers while runs of one agent are in flight, p99 of what one caller gets; the last has the coordinator read all of them again",
    [
      { title: "in flight" },
      { title: "agent ms" },
      { title: "run ms" },
      { title: "coordinator ms" },
      { title: "", align: "left" },
    ],
    rows,
  );

  async function measureAnswers(inFlight: number): Promise<string[]> {
    const times = { agent: [] as number[], run: [] as number[], coordinator: [] as number[] };
    for (let n = 0; n < SAMPLES; n++) {
      times.agent.push(await timeGet(`${server.origin}/api/agents/echo`));
      times.run.push(await timeGet(`${server.origin}/api/agents/runs/${ended}`));
      times.coordinator.push(await cancel(server, ended, 409));
    }
    const p99s = Object.values(times).map((values) => quantile(values, 0.99));
    return [figure(inFlight, 0), ...p99s.map((ms) => figure(ms, 1)), verdict(Math.max(...p99s), AIM)];
  }
}
