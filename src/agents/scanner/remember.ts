import { MAX_FORGOTTEN_TARGETS, MAX_MEMORY_KEY_CHARS } from "../../contract/limits.ts";
import type { AgentContext } from "../define-agent.ts";
import { MemoryFullError } from "../errors.ts";
import { compare, LastScan } from "./compare.ts";
import type { Examined } from "./report.ts";

const PREFIX = "target:";

/**
 * Says of a target what is new since its last scan, and remembers this one. Scans of one target at once are compared
 * one with the other, in some order, and none overwrites what another found later. Where memory cannot be used the
 * target is reported as it is, compared with nothing.
 */
export async function compareWithLastScan(
  examined: Examined,
  atMs: number,
  { memory, log, signal }: Pick<AgentContext, "memory" | "log" | "signal">,
): Promise<Examined> {
  const key = (PREFIX + examined.target.url).slice(0, MAX_MEMORY_KEY_CHARS);
  let compared = examined;
  const remember = () =>
    memory.update(key, (value) => {
      const last = LastScan.safeParse(value).data ?? null; // what a version before this one left counts as none
      const comparison = compare(examined, last, atMs);
      compared = comparison.compared;
      return last !== null && last.scannedAtMs > atMs ? last : comparison.now;
    });
  try {
    await remember().catch(async (error: unknown) => {
      if (!(error instanceof MemoryFullError)) throw error;
      await forgetOldest(memory);
      await remember();
    });
    return compared;
  } catch (error) {
    signal.throwIfAborted();
    log(`${examined.target.url}: not compared with its last scan`, { reason: String(error) });
    return examined;
  }
}

/** Makes room for targets that are scanned, at the cost of those that were not for longest. */
async function forgetOldest(memory: AgentContext["memory"]): Promise<void> {
  const entries: Awaited<ReturnType<typeof memory.list>>["entries"] = [];
  for (let after: string | null = ""; after !== null; ) {
    const page = await memory.list({ prefix: PREFIX, after });
    entries.push(...page.entries);
    after = page.nextAfter;
  }
  const oldest = entries.toSorted((a, b) => a.updatedAtMs - b.updatedAtMs).slice(0, MAX_FORGOTTEN_TARGETS);
  for (const { key } of oldest) await memory.delete(key);
}
