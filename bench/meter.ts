/** What a database was asked, as D1's own `meta` counts it. */
export interface D1Usage {
  /** Round trips: a batch is one. */
  calls: number;
  statements: number;
  rowsRead: number;
  rowsWritten: number;
}

export function noUsage(): D1Usage {
  return { calls: 0, statements: 0, rowsRead: 0, rowsWritten: 0 };
}

/**
 * The same database, whose every call is added to `usage`. `first()` answers no `meta`, so it is sent as an
 * `all()`, which asks the same of D1. What the service does not use is not metered, and throws.
 */
export function meterDatabase(db: D1Database, usage: D1Usage): D1Database {
  const sources = new WeakMap<D1PreparedStatement, D1PreparedStatement>();

  function count<Row>(results: D1Result<Row>[]): void {
    usage.calls++;
    for (const { meta } of results) {
      usage.statements++;
      usage.rowsRead += meta.rows_read;
      usage.rowsWritten += meta.rows_written;
    }
  }

  function metered(source: D1PreparedStatement): D1PreparedStatement {
    async function all<Row>(): Promise<D1Result<Row>> {
      const result = await source.all<Row>();
      count([result]);
      return result;
    }
    async function first<Row extends Record<string, unknown>>(column?: string): Promise<unknown> {
      const [row] = (await all<Row>()).results;
      if (row === undefined) return null;
      return column === undefined ? row : row[column];
    }
    const bind = (...values: unknown[]) => metered(source.bind(...values));
    const statement = { bind, all, run: all, first, raw: notMetered } as unknown as D1PreparedStatement;
    sources.set(statement, source);
    return statement;
  }

  async function batch<Row>(statements: D1PreparedStatement[]): Promise<D1Result<Row>[]> {
    const results = await db.batch<Row>(statements.map((statement) => sources.get(statement) ?? notMetered()));
    count(results);
    return results;
  }

  const prepare = (sql: string) => metered(db.prepare(sql));
  const rest = { exec: notMetered, withSession: notMetered, dump: notMetered };
  return { prepare, batch, ...rest } as unknown as D1Database;
}

function notMetered(): never {
  throw new Error("the bench meters prepare, bind, run, all, first and batch; add what is missing to bench/meter.ts");
}
