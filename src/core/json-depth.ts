/**
 * Whether arrays and objects of a JSON value are in each other more than `limit` deep. Level by level and without
 * recursion: what reads or writes JSON by recursion overflows its stack on such a value, here or wherever it goes next.
 */
export function isNestedDeeper(value: unknown, limit: number): boolean {
  let level = [value].filter(isNest);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > limit) return true;
    level = level.flatMap((nest) => Object.values(nest)).filter(isNest);
  }
  return false;
}

function isNest(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
