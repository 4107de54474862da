import { expect, test } from "vitest";
import { isNestedDeeper } from "../../src/core/json-depth.ts";

/** A list in a list in a list … */
function listIn(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
}

test.for([
  [0, 0, false],
  [1, 1, false],
  [1, 0, true],
  [200, 200, false],
  [201, 200, true],
  [100_000, 200, true],
] as const)("a value %i deep is deeper than %i: %s", ([depth, limit, expected]) => {
  expect(isNestedDeeper(listIn(depth), limit)).toBe(expected);
});

test("what is wide is not deep", () => {
  expect(
    isNestedDeeper(
      Array.from({ length: 10_000 }, () => ({ a: null, b: [1] })),
      3,
    ),
  ).toBe(false);
});
