/** Money inside is an integer count of millionths of a dollar: sums of it are exact. */
export const MICROUSD_PER_USD = 1_000_000;

export function usdToMicrousd(usd: number): number {
  return Math.round(usd * MICROUSD_PER_USD);
}

export function microusdToUsd(microusd: number): number {
  return microusd / MICROUSD_PER_USD;
}
