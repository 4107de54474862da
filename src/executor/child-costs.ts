import { microusdToUsd } from "../core/money.ts";

/** What an attempt and the runs that it asks for may cost, in millionths of a dollar. */
export interface CostBounds {
  /** All of it together; null: as much as it likes. */
  wholeMicrousd: number | null;
  /** The runs that it asks for, and those that they ask for. */
  childrenMicrousd: number;
  /** What the attempt itself has cost so far. */
  ownMicrousd(): number;
}

/** An attempt's bounds and what has come of them, and those of the run that asked for it. */
export interface ChildCosts extends CostBounds {
  /** What its children have cost, and what those that still run may. */
  takenMicrousd: number;
  above: ChildCosts | null;
}

/** Why no run may be asked for that may cost so much: it would be more than the asker, or one above it, may. */
export function refusalOfCost(costs: ChildCosts | null, microusd: number): string | null {
  for (let at = costs; at !== null; at = at.above) {
    const childrenLeft = at.childrenMicrousd - at.takenMicrousd;
    if (microusd > childrenLeft)
      return describe("the runs that a run asks for", at.childrenMicrousd, childrenLeft, microusd);
    if (at.wholeMicrousd === null) continue;
    const left = at.wholeMicrousd - at.takenMicrousd - at.ownMicrousd();
    if (microusd > left) return describe("a run, with those that it asks for,", at.wholeMicrousd, left, microusd);
  }
  return null;
}

/** Counts it against the attempt and against all above it: what a run asks for is theirs to pay. */
export function takeCost(costs: ChildCosts | null, microusd: number): void {
  for (let at = costs; at !== null; at = at.above) at.takenMicrousd += microusd;
}

function describe(what: string, limit: number, left: number, microusd: number): string {
  const [limitUsd, leftUsd, usd] = [limit, Math.max(0, left), microusd].map(microusdToUsd);
  return `${what} may cost $${limitUsd}, of which $${leftUsd} is left, and another run may cost $${usd}`;
}
