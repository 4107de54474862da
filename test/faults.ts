/**
 * What D1 may do to a transaction that the service writes: refuse it, commit it and lose the reply, or commit
 * it and let somebody else write before the reply arrives. Shared between a test and the objects that it
 * calls, which run in one isolate.
 */
export type Fault = "none" | "refuse" | "lose_reply" | { beforeReply: (db: D1Database) => Promise<unknown> };

let planned: Fault[] = [];
let afterwards: Fault = "none";
let transactions = 0;
let rowsWritten = 0;

export const faults = {
  /** The next transactions meet these, in this order; every one after them meets `then`. */
  plan(next: readonly Fault[], then: Fault = "none"): void {
    planned = [...next];
    afterwards = then;
    transactions = 0;
    rowsWritten = 0;
  },
  clear(): void {
    faults.plan([]);
  },
  /** Transactions tried since `plan` or `clear`. */
  transactions: () => transactions,
  /** What D1 counted of them. */
  rowsWritten: () => rowsWritten,
};

export function faulty(db: D1Database): D1Database {
  return new Proxy(db, {
    get(target, property) {
      if (property === "batch") return (statements: D1PreparedStatement[]) => faultyBatch(target, statements);
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function faultyBatch(db: D1Database, statements: D1PreparedStatement[]): Promise<D1Result[]> {
  transactions++;
  const fault = planned.shift() ?? afterwards;
  if (fault === "refuse") throw new Error("D1_ERROR: planned refusal");
  const results = await db.batch(statements);
  for (const { meta } of results) rowsWritten += meta.rows_written;
  if (fault === "lose_reply") throw new Error("D1_ERROR: planned loss of the reply");
  if (typeof fault === "object") await fault.beforeReply(db);
  return results;
}
