import { callCoordinator } from "../coordinator/client.ts";
import type { Env } from "../env.ts";
import { log } from "../log.ts";
import { readOverdueAgents } from "../store/live-runs.ts";

/**
 * Finds the agents with runs that nobody looks after any more: an executor vanished, or a wake was lost. Each agent's
 * coordinator takes back its own, since nobody else writes them. What it misses, the next minute finds.
 */
export async function sweep(env: Env, atMs: number): Promise<void> {
  const agentNames = await readOverdueAgents(env.DB, atMs);
  await Promise.all(
    agentNames.map(async (agentName) => {
      const outcome = await callCoordinator(env.COORDINATOR, agentName, (coordinator) => coordinator.sweep());
      log.info("sweep.done", { agent: agentName, ...outcome });
    }),
  );
}
