import { expect, test } from "vitest";
import { simulate } from "../simulation/simulate.ts";

// `npm run simulate` plays others: SEED=… for one, SEEDS=300 for many.
test.for(Array.from({ length: 60 }, (_, n) => `history:${n}`))("seed %s keeps every guarantee", async (seed) => {
  const { violations, runs } = await simulate(seed);
  expect(violations).toEqual([]);
  expect(runs).toBeGreaterThan(0);
});

test("a seed decides everything", async () => {
  const [first, second, other] = [await simulate("a"), await simulate("a"), await simulate("b")];
  expect(second.trace).toBe(first.trace);
  expect(other.trace).not.toBe(first.trace);
});
