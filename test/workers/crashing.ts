import type { Env } from "../../src/env.ts";

export type Crash = "crash_before" | "crash_after" | "refuse" | "lose_reply";

/**
 * An environment whose `at`-th effect (a call of D1, of a coordinator or of the queue) goes wrong, and which, after a
 * crash, does nothing any more. `effects` counts those that were asked for.
 */
export function crashing(env: Env, at: number, how: Crash) {
  const seen: string[] = [];
  let dead = false;

  async function effect<T>(what: string, act: () => Promise<T>): Promise<T> {
    if (dead) throw new Error("the process is dead");
    seen.push(what);
    if (seen.length !== at) return act();
    if (how.startsWith("crash")) dead = true;
    if (how === "crash_after" || how === "lose_reply") await act();
    throw new Error(`planned: ${how} at ${what}`);
  }

  const raw = new WeakMap<object, D1PreparedStatement>();
  const statement = (of: D1PreparedStatement, sql: string): D1PreparedStatement => {
    const wrapped = {
      bind: (...values: unknown[]) => statement(of.bind(...values), sql),
      run: () => effect(sql, () => of.run()),
      all: () => effect(sql, () => of.all()),
      first: (column?: string) => effect(sql, () => (column === undefined ? of.first() : of.first(column))),
    } as unknown as D1PreparedStatement;
    raw.set(wrapped, of);
    return wrapped;
  };
  const db = {
    prepare: (sql: string) => statement(env.DB.prepare(sql), words(sql)),
    batch: (statements: D1PreparedStatement[]) =>
      effect("a transaction", () => env.DB.batch(statements.map((each) => raw.get(each) ?? each))),
  } as unknown as D1Database;
  const coordinators = {
    getByName: (name: string) => {
      const stub = env.COORDINATOR.getByName(name);
      return {
        begin: (request: never) => effect("begin", () => stub.begin(request) as unknown as Promise<unknown>),
        cancel: (request: never) => effect("cancel", () => stub.cancel(request) as unknown as Promise<unknown>),
      };
    },
  } as unknown as Env["COORDINATOR"];
  const queue = {
    send: (body: never) => effect("send", () => env.RUN_QUEUE.send(body)),
  } as unknown as Env["RUN_QUEUE"];
  return { env: { ...env, DB: db, COORDINATOR: coordinators, RUN_QUEUE: queue }, effects: () => seen };
}

function words(sql: string): string {
  return sql.trim().split(/\s+/).slice(0, 3).join(" ");
}
