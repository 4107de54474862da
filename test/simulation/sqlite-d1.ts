import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

const MIGRATIONS = resolve(import.meta.dirname, "../../migrations");

/** A database in memory with the service's own schema. */
export function migratedDatabase(): DatabaseSync {
  const sqlite = new DatabaseSync(":memory:");
  for (const file of readdirSync(MIGRATIONS).toSorted()) {
    if (file.endsWith(".sql")) sqlite.exec(readFileSync(resolve(MIGRATIONS, file), "utf8"));
  }
  return sqlite;
}

/** Stands between a caller and the database: decides when a call is performed, if ever, and what its caller learns. */
export type Around = <T>(operation: "batch" | "all" | "first" | "run", perform: () => T) => Promise<T>;

const direct: Around = async (_operation, perform) => perform();

/**
 * SQLite behind D1's interface, as far as the service uses it: what test/workers/sqlite-d1.test.ts asks of both is
 * answered alike.
 */
export function sqliteD1(sqlite: DatabaseSync, around: Around = direct): D1Database {
  const prepared = preparedOf(sqlite);

  function execute(sql: string, values: readonly SQLInputValue[]): D1Result {
    const statement = prepared(sql);
    const before = counters(prepared);
    const results = statement.all(...values).map((row) => ({ ...row }));
    const after = counters(prepared);
    const meta = { changes: after.changes - before.changes, last_row_id: after.lastRowId };
    return { success: true, results, meta } as unknown as D1Result;
  }

  function statement(sql: string, values: readonly SQLInputValue[]): D1PreparedStatement & Executable {
    const perform = () => execute(sql, values);
    return {
      perform,
      bind: (...bound: SQLInputValue[]) => statement(sql, bound),
      all: () => around("all", perform),
      run: () => around("run", perform),
      first: (column?: string) =>
        around("first", () => {
          const row = perform().results[0] as Record<string, unknown> | undefined;
          if (row === undefined) return null;
          return column === undefined ? row : row[column];
        }),
    } as unknown as D1PreparedStatement & Executable;
  }

  function batch(statements: readonly Executable[]): D1Result[] {
    sqlite.exec("BEGIN IMMEDIATE");
    try {
      const results = statements.map(({ perform }) => perform());
      sqlite.exec("COMMIT");
      return results;
    } catch (error) {
      sqlite.exec("ROLLBACK");
      throw error;
    }
  }

  return {
    prepare: (sql: string) => statement(sql, []),
    batch: (statements: Executable[]) => around("batch", () => batch(statements)),
  } as unknown as D1Database;
}

interface Executable {
  perform(): D1Result;
}

function counters(prepared: (sql: string) => StatementSync): { changes: number; lastRowId: number } {
  const row = prepared("SELECT total_changes() AS changes, last_insert_rowid() AS lastRowId").get();
  return row as unknown as { changes: number; lastRowId: number };
}

const statementsOf = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

/** Prepares each statement once. */
function preparedOf(sqlite: DatabaseSync): (sql: string) => StatementSync {
  const known = statementsOf.get(sqlite) ?? new Map<string, StatementSync>();
  statementsOf.set(sqlite, known);
  return (sql) => {
    const statement = known.get(sql) ?? sqlite.prepare(sql);
    known.set(sql, statement);
    return statement;
  };
}

/** What a question is answered now, by nobody's effect. */
export function all<T>(sqlite: DatabaseSync, sql: string, ...values: SQLInputValue[]): T[] {
  return preparedOf(sqlite)(sql).all(...values) as unknown as T[];
}
