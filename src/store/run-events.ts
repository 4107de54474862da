import type { RunStatus } from "../contract/run.ts";
import { RunEventData, type RunEventRecord } from "../contract/run-event.ts";
import { storage } from "./storage.ts";

/** Events of a run, and the status that it had with them: of one that has ended, no others will come. */
export interface EventPage {
  runStatus: RunStatus;
  events: RunEventRecord[];
  /** Whether there are events after these. */
  more: boolean;
}

interface EventRow {
  run_status: RunStatus;
  seq: number | null;
  at: number;
  attempt: number;
  type: string;
  data: string;
}

// One statement, so that the status and the events are of one instant.
export const SELECT_EVENTS = `
  SELECT run.status AS run_status, event.seq, event.at, event.attempt, event.type, event.data
    FROM agent_runs AS run LEFT JOIN run_events AS event ON event.run_id = run.id AND event.seq > ?2
   WHERE run.id = ?1 ORDER BY event.seq LIMIT ?3`;

/** At most `limit` of a run's events after `afterSeq`, in the order of their records; null if there is no such run. */
export async function readEvents(
  db: D1Database,
  { runId, afterSeq, limit }: { runId: number; afterSeq: number; limit: number },
): Promise<EventPage | null> {
  const { results } = await storage("read a run's events", () =>
    db
      .prepare(SELECT_EVENTS)
      .bind(runId, afterSeq, limit + 1)
      .all<EventRow>(),
  );
  const [first] = results;
  if (first === undefined) return null;
  const events = results.slice(0, limit).flatMap(eventRecord);
  return { runStatus: first.run_status, events, more: results.length > limit };
}

function eventRecord({ seq, at, attempt, type, data }: EventRow): RunEventRecord[] {
  if (seq === null) return []; // a run without events is a row without an event
  return [{ seq, atMs: at, attempt, data: RunEventData.parse({ ...JSON.parse(data), type }) }];
}
