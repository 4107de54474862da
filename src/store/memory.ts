import { MAX_MEMORY_BYTES, MAX_MEMORY_KEYS, MEMORY_CHANGE_KEPT_MS } from "../contract/limits.ts";

/** The storage of a coordinator itself: every call is answered at once, so nothing comes between two of them. */
export type MemoryStorage = Pick<DurableObjectStorage, "sql" | "transactionSync">;

export interface MemoryRow {
  key: string;
  valueJson: string;
  /** Rises with every change of the agent's memory: no two values ever have the same, also not under one key. */
  version: number;
  /** Of the key and the value. */
  bytes: number;
  updatedAtMs: number;
  runId: number;
}

/** What a list shows: all but the value. */
export type MemoryListing = Omit<MemoryRow, "valueJson">;

interface Change {
  /** Names the change: a repeat under it is answered as the first was, and changes nothing. */
  changeKey: string;
  atMs: number;
}

/** `conflict`: the value is not of the version that the change was made from. `full`: there is no room for it. */
export type MemoryChangeResult =
  | { kind: "written"; version: number }
  | { kind: "deleted"; keys: number }
  | { kind: "conflict"; row: MemoryRow | null }
  | { kind: "full"; reason: string };

// `bytes` before the value, so that adding them up reads no value.
const CREATE = `
  CREATE TABLE IF NOT EXISTS memory (
    key TEXT PRIMARY KEY, version INTEGER NOT NULL, bytes INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    run_id INTEGER NOT NULL, value_json TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS memory_changes (
    version INTEGER PRIMARY KEY, change_key TEXT NOT NULL UNIQUE, keys_deleted INTEGER, changed_at INTEGER NOT NULL
  ) STRICT;`;

const LISTED = "key, version, bytes, updated_at AS updatedAtMs, run_id AS runId";
const SELECT_ONE = `SELECT ${LISTED}, value_json AS valueJson FROM memory WHERE key = ?1`;
const SELECT_PAGE = `
  SELECT ${LISTED} FROM memory WHERE key > ?1 AND key >= ?2 AND key < ?2 || char(1114111) ORDER BY key LIMIT ?3`;
const SELECT_OTHERS_SIZE = `SELECT count(*) AS keys, coalesce(sum(bytes), 0) AS bytes FROM memory WHERE key <> ?1`;
const UPSERT = `
  INSERT INTO memory (key, version, bytes, updated_at, run_id, value_json) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
  ON CONFLICT (key) DO UPDATE SET version = ?2, bytes = ?3, updated_at = ?4, run_id = ?5, value_json = ?6`;
const DELETE_ONE = `DELETE FROM memory WHERE key = ?1 RETURNING key`;
const DELETE_ALL = `DELETE FROM memory RETURNING key`;
const SELECT_CHANGE = `SELECT version, keys_deleted AS keysDeleted FROM memory_changes WHERE change_key = ?1`;
const INSERT_CHANGE = `
  INSERT INTO memory_changes (version, change_key, keys_deleted, changed_at)
  VALUES ((SELECT coalesce(max(version), 0) + 1 FROM memory_changes), ?1, ?2, ?3) RETURNING version`;
/** A few of the oldest with each new one: never the newest, which the next version follows from. */
const FORGET_CHANGES = `
  DELETE FROM memory_changes WHERE version IN
    (SELECT version FROM (SELECT version, changed_at FROM memory_changes ORDER BY version LIMIT 4) WHERE changed_at < ?1)`;

/** What an agent remembers between its runs, by key. Every function is one transaction, and done when it returns. */
export function createMemoryStore(storage: MemoryStorage) {
  let created = false;

  function ask<Row extends object>(sql: string, ...values: (string | number | null)[]): Row[] {
    if (!created) storage.sql.exec(CREATE);
    created = true;
    return storage.sql.exec(sql, ...values).toArray() as unknown as Row[];
  }

  const get = (key: string): MemoryRow | null => ask<MemoryRow>(SELECT_ONE, key)[0] ?? null;

  /** Those whose keys begin with `prefix` and follow `afterKey`, by key. */
  function list({ prefix, afterKey, limit }: { prefix: string; afterKey: string; limit: number }): MemoryListing[] {
    return ask<MemoryListing>(SELECT_PAGE, afterKey, prefix, limit);
  }

  function put(
    { key, valueJson, bytes, runId }: Omit<MemoryRow, "version" | "updatedAtMs">,
    ifVersion: number | null,
    change: Change,
  ): MemoryChangeResult {
    return once(change, () => {
      const conflict = conflictOf(key, ifVersion);
      if (conflict !== null) return conflict;
      const reason = noRoomFor(key, bytes);
      if (reason !== null) return { kind: "full", reason };
      const version = record(change, null);
      ask(UPSERT, key, version, bytes, change.atMs, runId, valueJson);
      return { kind: "written", version };
    });
  }

  function remove(key: string, ifVersion: number | null, change: Change): MemoryChangeResult {
    return once(change, () => conflictOf(key, ifVersion) ?? deleted(ask(DELETE_ONE, key).length, change));
  }

  function clear(change: Change): MemoryChangeResult {
    return once(change, () => deleted(ask(DELETE_ALL).length, change));
  }

  function once({ changeKey }: Change, work: () => MemoryChangeResult): MemoryChangeResult {
    return storage.transactionSync(() => {
      const [done] = ask<{ version: number; keysDeleted: number | null }>(SELECT_CHANGE, changeKey);
      if (done === undefined) return work();
      const { version, keysDeleted } = done;
      return keysDeleted === null ? { kind: "written", version } : { kind: "deleted", keys: keysDeleted };
    });
  }

  function conflictOf(key: string, ifVersion: number | null): MemoryChangeResult | null {
    if (ifVersion === null) return null;
    const row = get(key);
    return (row?.version ?? 0) === ifVersion ? null : { kind: "conflict", row };
  }

  function noRoomFor(key: string, bytes: number): string | null {
    const [others] = ask<{ keys: number; bytes: number }>(SELECT_OTHERS_SIZE, key);
    if (others === undefined) throw new Error("an aggregate answered no row");
    if (others.keys >= MAX_MEMORY_KEYS) return `it holds ${MAX_MEMORY_KEYS} keys already`;
    if (others.bytes + bytes <= MAX_MEMORY_BYTES) return null;
    return `it would hold ${others.bytes + bytes} bytes, and may hold ${MAX_MEMORY_BYTES}`;
  }

  function deleted(keys: number, change: Change): MemoryChangeResult {
    record(change, keys);
    return { kind: "deleted", keys };
  }

  function record({ changeKey, atMs }: Change, keysDeleted: number | null): number {
    const [made] = ask<{ version: number }>(INSERT_CHANGE, changeKey, keysDeleted, atMs);
    if (made === undefined) throw new Error("an INSERT answered no row");
    ask(FORGET_CHANGES, atMs - MEMORY_CHANGE_KEPT_MS);
    return made.version;
  }

  return { get, list, put, remove, clear };
}

export type MemoryStore = ReturnType<typeof createMemoryStore>;
