/** The value below which a share of the values lie, by nearest rank. Of no values there is none: it throws. */
export function quantile(values: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new Error("a quantile of nothing was asked for");
  return value;
}

export function median(values: Iterable<number>): number {
  return quantile(values, 0.5);
}
