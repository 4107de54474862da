import { sleep } from "../clock.ts";
import { GATHER_MS, MAX_COMMIT_BYTES, MAX_COMMIT_TRIES, MAX_COMMIT_WRITES } from "../contract/limits.ts";
import { backoffMs } from "../core/backoff.ts";

const RETRY_BACKOFF = { minDelayMs: 50, maxDelayMs: 500, factor: 4 };

interface Pending<Write, Outcome> {
  write: Write;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

/**
 * Gathers writes while one transaction is on its way and sends them together as the next.
 *
 * `commit` must apply its writes all or none, answer each in its place, and be safe to repeat with the same
 * writes after a failure, whether or not the failed try was applied. `bytesOf` bounds a transaction's size.
 */
export function createGroupCommit<Write, Outcome>(options: {
  commit(writes: readonly Write[]): Promise<readonly Outcome[]>;
  bytesOf(write: Write): number;
  randomFraction(): number;
}) {
  let queue: Pending<Write, Outcome>[] = [];
  let flushing = false;

  /** Settles when the write's transaction has: durable on return, all of it or nothing where it rejects. */
  function submit(write: Write): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      queue.push({ write, resolve, reject });
      if (!flushing) void flush();
    });
  }

  async function flush(): Promise<void> {
    flushing = true;
    while (queue.length > 0) {
      const size = groupSize(queue, options.bytesOf);
      const group = queue.slice(0, size);
      queue = queue.slice(size);
      await commitWithRetries(group);
      // Those it answered are about to come back with their next write: let them travel together.
      if (group.length > 1) await sleep(GATHER_MS);
    }
    flushing = false;
  }

  async function commitWithRetries(group: Pending<Write, Outcome>[]): Promise<void> {
    for (let failures = 0; failures < MAX_COMMIT_TRIES; failures++) {
      if (failures > 0) await sleep(backoffMs(RETRY_BACKOFF, failures, options.randomFraction()));
      const failure = await tryCommit(group);
      if (failure === null) return;
      if (failures === MAX_COMMIT_TRIES - 1) await settleApart(group, failure.error);
    }
  }

  /** One write that D1 refuses spoils its whole transaction: halve until it stands alone, so that only it fails. */
  async function settleApart(group: Pending<Write, Outcome>[], error: unknown): Promise<void> {
    if (group.length === 1) return group[0]?.reject(error);
    const middle = Math.ceil(group.length / 2);
    for (const half of [group.slice(0, middle), group.slice(middle)]) {
      const failure = await tryCommit(half);
      if (failure !== null) await settleApart(half, failure.error);
    }
  }

  async function tryCommit(group: Pending<Write, Outcome>[]): Promise<{ error: unknown } | null> {
    try {
      const outcomes = await options.commit(group.map((pending) => pending.write));
      for (const [index, pending] of group.entries()) pending.resolve(outcomes[index] as Outcome);
      return null;
    } catch (error) {
      return { error };
    }
  }

  return { submit, pending: () => queue.length };
}

function groupSize<Write, Outcome>(queue: Pending<Write, Outcome>[], bytesOf: (write: Write) => number): number {
  let bytes = 0;
  let size = 0;
  for (const { write } of queue.slice(0, MAX_COMMIT_WRITES)) {
    bytes += bytesOf(write);
    if (size > 0 && bytes > MAX_COMMIT_BYTES) break;
    size++;
  }
  return size;
}
