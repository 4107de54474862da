import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { MemoryStorage } from "../../src/store/memory.ts";

/** SQLite behind the interface of a Durable Object's own storage, as far as the service uses it. */
export function sqliteStorage(sqlite: DatabaseSync, isAlive: () => boolean = () => true): MemoryStorage {
  function exec(sql: string, ...values: SQLInputValue[]) {
    if (!isAlive()) throw new Error("the object was reset");
    if (/^\s*CREATE/.test(sql)) {
      sqlite.exec(sql); // of several statements, which `prepare` does not take
      return { toArray: () => [] };
    }
    const rows = sqlite.prepare(sql).all(...values);
    return { toArray: () => rows.map((row) => ({ ...row })) };
  }

  function transactionSync<T>(work: () => T): T {
    sqlite.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      sqlite.exec("COMMIT");
      return result;
    } catch (error) {
      sqlite.exec("ROLLBACK");
      throw error;
    }
  }

  return { sql: { exec }, transactionSync } as unknown as MemoryStorage;
}
