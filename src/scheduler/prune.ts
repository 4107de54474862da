import { MAX_PRUNED_RUNS } from "../contract/limits.ts";
import { DAY_MS } from "../core/day.ts";
import { type Env, readConfig } from "../env.ts";
import { log } from "../log.ts";
import { deleteOldAudit, deleteOldFires, deleteOldRuns } from "../store/prune.ts";

/** Deletes what is older than the history is to be. What one minute leaves, the next takes. */
export async function prune(env: Env, atMs: number): Promise<void> {
  const days = readConfig(env).RETENTION_DAYS;
  if (days === null) return;
  const untilMs = atMs - days * DAY_MS;
  const deleted = await deleteOldRuns(env.DB, untilMs, MAX_PRUNED_RUNS);
  const fires = await deleteOldFires(env.DB, untilMs, MAX_PRUNED_RUNS);
  const changes = await deleteOldAudit(env.DB, untilMs, MAX_PRUNED_RUNS);
  if (deleted + fires + changes > 0) log.info("prune.done", { deleted, fires, changes });
}
