/**
 * Makes D1 fail where the service writes, as it does in production: it refuses a transaction, or it commits
 * one and the reply is lost. Shared between a test and the objects it calls, which run in one isolate.
 */
export type Fault = "refuse" | "lose_reply";

let planned: Fault[] = [];
let batches = 0;

export const faults = {
  /** The next transactions fail in this order, and those after them do not. */
  plan(...next: Fault[]): void {
    planned = next;
  },
  /** Every transaction fails so until `clear`. */
  always(fault: Fault): void {
    planned = Array<Fault>(10_000).fill(fault);
  },
  clear(): void {
    planned = [];
  },
  batches: () => batches,
};

export function faulty(db: D1Database): D1Database {
  return new Proxy(db, {
    get(target, property) {
      if (property !== "batch") {
        const value: unknown = Reflect.get(target, property);
        return typeof value === "function" ? value.bind(target) : value;
      }
      return async (statements: D1PreparedStatement[]) => {
        batches++;
        const fault = planned.shift();
        if (fault === "refuse") throw new Error("D1_ERROR: planned refusal");
        const results = await target.batch(statements);
        if (fault === "lose_reply") throw new Error("D1_ERROR: planned loss of the reply");
        return results;
      };
    },
  });
}
