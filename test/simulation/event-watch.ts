import type { DatabaseSync } from "node:sqlite";
import type { Row } from "./history-watch.ts";
import { isOutside, lineOf, type ScriptedInput, stepOf } from "./scripted-agent.ts";
import { all } from "./sqlite-d1.ts";

interface EventRow {
  run_id: number;
  seq: number;
  type: string;
  attempt: number;
  n: number | null;
  data: string;
}

interface Gap {
  run_id: number;
  events: number;
  last: number;
}

/** After every commit: who reads a run's events on from the last that he saw misses none. */
export function missedEvents(sqlite: DatabaseSync): string[] {
  const gaps =
    "SELECT run_id, count(*) AS events, max(seq) AS last FROM run_events GROUP BY run_id HAVING events <> last";
  return all<Gap>(sqlite, gaps).map(
    ({ run_id, events, last }) => `events: run ${run_id} has ${events}, and the last is ${last}`,
  );
}

/** Of each run at the end: every line once and in order, and how each attempt ended. */
export function brokenEvents(sqlite: DatabaseSync): string[] {
  const events = Map.groupBy(all<EventRow>(sqlite, "SELECT * FROM run_events ORDER BY run_id, seq"), (e) => e.run_id);
  return all<Row>(sqlite, "SELECT * FROM agent_runs").flatMap((row) =>
    complaints(row, events.get(row.id) ?? []).map((complaint) => `events: run ${row.id}: ${complaint}`),
  );
}

function complaints(row: Row, events: readonly EventRow[]): string[] {
  const input: ScriptedInput = JSON.parse(String(row.input_data));
  const found: string[] = [];
  let attempt = 1;
  for (const event of events) {
    if (event.attempt < attempt) found.push(`event ${event.seq} of attempt ${event.attempt} is after ${attempt}`);
    attempt = Math.max(attempt, event.attempt);
  }
  for (let one = 1; one <= row.attempt; one++) {
    const ofAttempt = events.filter((event) => event.attempt === one);
    const lines = ofAttempt.filter(({ type }) => type === "log");
    const right = lines.every(
      ({ n, data }, index) => n === index + 1 && JSON.parse(data).message === lineOf(one, index + 1),
    );
    if (!right) found.push(`the lines of attempt ${one} are ${JSON.stringify(lines.map(({ data }) => data))}`);
    const ends = ofAttempt.filter(({ type }) => type === "attempt_ended");
    if (ends.length > 1 || (one < row.attempt && ends.length === 0))
      found.push(`attempt ${one} ended ${ends.length} times`);
    const end = one === row.attempt ? row.status : JSON.parse(ends[0]?.data ?? "{}").end;
    const whole = (end === "completed" || end === "failed") && !isOutside(stepOf(input.script, one));
    if (whole && lines.length !== (input.lines ?? 0)) {
      found.push(`${lines.length} of the ${input.lines} lines of attempt ${one}, which is ${end}, are there`);
    }
  }
  const requests = events.filter(({ type }) => type === "cancel_requested").length;
  if (requests > 1) found.push(`its cancellation was requested ${requests} times`);
  return found;
}
