import { describe, expect, test } from "vitest";
import { createCoordinator } from "../../src/coordinator/coordinator.ts";
import type { BeginOutcome, Coordinator } from "../../src/coordinator/protocol.ts";
import { simulate } from "../simulation/simulate.ts";

type Options = Parameters<typeof createCoordinator>[0];

/** The fault that this service was made to repair: the id is read back after the INSERT, by MAX(id). */
function readsIdsBack(options: Options): Coordinator {
  const coordinator = createCoordinator(options);
  const withNewestId = async (outcome: BeginOutcome): Promise<BeginOutcome> => {
    if (!outcome.ok || outcome.kind === "joined") return outcome;
    const newest = await options.db.prepare("SELECT max(id) AS id FROM agent_runs").first<number>("id");
    return { ...outcome, runId: newest ?? outcome.runId };
  };
  return { ...coordinator, begin: async (request) => withNewestId(await coordinator.begin(request)) };
}

/** Finishes whatever it is told, as if every attempt were the one that the run is at: the lease means nothing. */
function heedsNoLease(options: Options): Coordinator {
  const { db } = options;
  const lenient = new Proxy(db, {
    get(target, property) {
      if (property === "prepare") {
        return (sql: string) => target.prepare(sql.replace("attempt = ?2 AND status = ?14", "(?2 > 0 AND ?14 <> '')"));
      }
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return createCoordinator({ ...options, db: lenient });
}

/** Reads how many run, and then starts another: two who do so at once both find the slot free. */
function countsBeforeItWrites(options: Options): Coordinator {
  const one = createCoordinator(options);
  const other = createCoordinator(options);
  let turn = 0;
  return { ...one, begin: (request) => (turn++ % 2 === 0 ? one : other).begin(request) };
}

describe("a coordinator that is wrong is caught within 20 seeds:", () => {
  test.for([
    { fault: "one that reads the id back with MAX(id)", coordinatorOf: readsIdsBack },
    { fault: "one that closes a run for an attempt that has lost it", coordinatorOf: heedsNoLease },
    { fault: "one that knows only half of what it admitted", coordinatorOf: countsBeforeItWrites },
  ])("$fault", async ({ coordinatorOf }) => {
    for (let n = 0; n < 20; n++) {
      const { violations } = await simulate(`canary:${n}`, { coordinatorOf });
      if (violations.length > 0) return;
    }
    expect.fail("20 seeds kept every guarantee, so the simulation would not see the real coordinator break one");
  });
});
