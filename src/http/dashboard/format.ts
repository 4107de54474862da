/** How the pages write figures. */

export function formatDuration(durationMs: number | null): string {
  if (durationMs === null) return "–";
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 60_000) return `${(durationMs / 1_000).toFixed(1)} s`;
  if (durationMs < 3_600_000)
    return `${Math.floor(durationMs / 60_000)} min ${Math.round((durationMs % 60_000) / 1_000)} s`;
  return `${(durationMs / 3_600_000).toFixed(1)} h`;
}

/** A run costs fractions of a cent, a month hundreds of dollars: as many digits as say something. */
export function formatUsd(usd: number): string {
  if (usd === 0) return "$0";
  if (usd < 0.01) return `$${usd.toFixed(6).replace(/0+$/, "")}`;
  return `$${usd.toFixed(usd < 1 ? 4 : 2)}`;
}

export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

export function formatBytes(bytes: number): string {
  return bytes < 1_024 ? `${bytes} B` : `${(bytes / 1_024).toFixed(1)} KiB`;
}

export function formatPercent(share: number): string {
  const percent = share * 100;
  return `${percent === 100 || percent === 0 ? percent : percent.toFixed(1)} %`;
}

export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** `timed_out`, for a person. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

const UNITS = [
  { name: "day", ms: 86_400_000 },
  { name: "hr", ms: 3_600_000 },
  { name: "min", ms: 60_000 },
  { name: "sec", ms: 1_000 },
] as const;

/** `5 min ago`, as the page's script goes on to say it. */
export function formatAgo(atMs: number, nowMs: number): string {
  const awayMs = Math.abs(atMs - nowMs);
  const unit = UNITS.find(({ ms }) => awayMs >= ms);
  if (unit === undefined) return "now";
  const text = `${Math.floor(awayMs / unit.ms)} ${unit.name}`;
  return atMs > nowMs ? `in ${text}` : `${text} ago`;
}
