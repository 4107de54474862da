/** A value that an agent remembers, with the version that it is of. */
export interface MemoryEntry {
  value: unknown;
  /** New with every change: hand it on as `ifVersion` to change only what you have seen. */
  version: number;
  updatedAtMs: number;
}

/**
 * What an agent remembers between its runs: JSON values by key, bounded as limits.ts says. All runs of an agent share
 * one memory; each call is done when it resolves, and survives whatever happens to the run. Calls reject where a bound
 * is passed, where the memory cannot be reached, and once the attempt is no longer the run's own.
 */
export interface AgentMemory {
  get(key: string): Promise<MemoryEntry | null>;
  /**
   * Without `ifVersion` the last one to put wins. With it, it rejects with a MemoryConflictError unless the value is
   * of that version; 0 stands for no value. Rejects with a MemoryFullError where there is no room.
   */
  put(key: string, value: unknown, options?: { ifVersion?: number }): Promise<{ version: number }>;
  /**
   * Puts what `change` makes of the value (undefined: there is none), and asks it again of the newer value where
   * another change came first: of updates at once none is lost. `change` may be called many times.
   */
  update<Value>(
    key: string,
    change: (value: unknown) => Value | Promise<Value>,
  ): Promise<{ value: Value; version: number }>;
  /** Answers whether there was one. Rejects with a MemoryConflictError as `put` does. */
  delete(key: string, options?: { ifVersion?: number }): Promise<boolean>;
  /** By key, without the values. `after`: the last key of the page before. */
  list(options?: { prefix?: string; after?: string; limit?: number }): Promise<{
    entries: { key: string; version: number; bytes: number; updatedAtMs: number }[];
    nextAfter: string | null;
  }>;
}
