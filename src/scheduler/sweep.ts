import { callCoordinator } from "../coordinator/client.ts";
import type { Env } from "../env.ts";
import { log } from "../log.ts";
import { readAgentsWithExpiredLeases } from "../store/live-runs.ts";

/**
 * Closes runs whose executor vanished: past their deadline and the grace that follows it. Each agent's
 * coordinator closes its own, since nobody else writes them. What it misses, the next minute finds.
 */
export async function sweep(env: Env, atMs: number): Promise<void> {
  const agentNames = await readAgentsWithExpiredLeases(env.DB, atMs);
  await Promise.all(
    agentNames.map(async (agentName) => {
      const outcome = await callCoordinator(env.COORDINATOR, agentName, (coordinator) => coordinator.closeExpired());
      log.info("sweep.done", { agent: agentName, ...outcome });
    }),
  );
}
