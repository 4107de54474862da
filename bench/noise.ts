import { cpus } from "node:os";

const SAMPLE_MS = 200;
const TOLERABLE_CORES = 0.1;

/**
 * What other processes take of the machine. Sampled between two loads, when neither this process nor its
 * workers have anything to do: whatever is busy then is somebody else's, and was likely busy during the loads.
 * Ratios do not make up for it: a floor that waits for a processor makes everything beside it look good.
 */
export function createNoiseMeter() {
  let busyMs = 0;
  let sampledMs = 0;

  async function sample(): Promise<void> {
    const before = machineBusyMs();
    const startedAtMs = performance.now();
    await new Promise((wake) => setTimeout(wake, SAMPLE_MS));
    busyMs += machineBusyMs() - before;
    sampledMs += performance.now() - startedAtMs;
  }

  function verdict(): string {
    const cores = busyMs / sampledMs;
    const used = `other processes used ${cores.toFixed(2)} of a core in between`;
    return cores <= TOLERABLE_CORES ? used : `NOT A QUIET MACHINE: ${used}; measure again`;
  }

  return { sample, verdict };
}

function machineBusyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}
