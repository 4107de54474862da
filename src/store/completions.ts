import { storage } from "./storage.ts";

/** What a completion is checked against. */
export interface CompletableRun {
  agentName: string;
  agentVersion: number;
  /** Of the latest attempt; null where none has begun. */
  leaseKey: string | null;
}

export const SELECT_COMPLETABLE = `
  SELECT agent_name AS agentName, agent_version AS agentVersion, lease_key AS leaseKey FROM agent_runs WHERE id = ?1`;

/** The run whose attempt a token may complete, or null. */
export async function readCompletable(db: D1Database, runId: number): Promise<CompletableRun | null> {
  return storage("read a run that may be completed", () =>
    db.prepare(SELECT_COMPLETABLE).bind(runId).first<CompletableRun>(),
  );
}
