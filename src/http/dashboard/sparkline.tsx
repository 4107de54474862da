import type { HourOfAgent } from "../../store/usage.ts";
import { countOf, formatCount } from "./format.ts";

export const HOURS = 24;
const BAR = 10;
const HEIGHT = 36;
const HOUR_MS = 3_600_000;

/** A bar for each of the last 24 hours: as high as runs ended in it, in two colours for how. */
export function Sparkline({ hours, atMs }: { hours: readonly HourOfAgent[]; atMs: number }) {
  const firstHour = firstHourOf(atMs);
  const most = Math.max(1, ...hours.map(({ completed, wrong }) => completed + wrong));
  return (
    <svg
      class="strip"
      viewBox={`0 0 ${HOURS * BAR} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={describeHours(hours)}
    >
      <rect class="ground" x="0" y={HEIGHT - 1} width={HOURS * BAR} height="1" />
      {hours.map(({ hour, completed, wrong }) => {
        const good = heightOf(completed, most);
        const bad = heightOf(wrong, most);
        const x = (hour - firstHour) * BAR + 1;
        return (
          <g>
            <title>{titleOf({ hour, completed, wrong })}</title>
            <rect class="completed" x={x} y={HEIGHT - good} width={BAR - 2} height={good} />
            <rect class="failed" x={x} y={HEIGHT - good - bad} width={BAR - 2} height={bad} />
          </g>
        );
      })}
    </svg>
  );
}

/** The first hour that a chart of the last 24 shows; the last is the one that goes on. */
export function firstHourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS) - HOURS + 1;
}

/** How many of the runs of these hours completed, and how many went wrong. */
export function countEnds(hours: readonly HourOfAgent[]): { completed: number; wrong: number } {
  const sum = (field: "completed" | "wrong") => hours.reduce((total, hour) => total + hour[field], 0);
  return { completed: sum("completed"), wrong: sum("wrong") };
}

/** What is there is seen: one run in an hour beside thousands in another has a bar too. */
function heightOf(count: number, most: number): number {
  return count === 0 ? 0 : Math.max(3, Math.round((count / most) * (HEIGHT - 6)));
}

function titleOf({ hour, completed, wrong }: Pick<HourOfAgent, "hour" | "completed" | "wrong">): string {
  const from = new Date(hour * HOUR_MS).toISOString().slice(11, 16);
  return `From ${from} UTC: ${formatCount(completed)} completed, ${formatCount(wrong)} went wrong`;
}

/** The same in words. */
export function describeHours(hours: readonly HourOfAgent[]): string {
  const { completed, wrong } = countEnds(hours);
  if (completed + wrong === 0) return "No run ended in 24 hours";
  return `Ended in 24 hours: ${countOf(completed + wrong, "run")}, of which ${formatCount(wrong)} went wrong`;
}
