import type { RecentRun } from "../../store/recent-runs.ts";
import { countOf } from "./format.ts";

export const STRIP_RUNS = 40;
const BAR = 6;
const HEIGHT = 34;

/** A bar for each of an agent's newest runs: as high as it was long, and of the colour of its end. */
export function Strip({ runs }: { runs: readonly RecentRun[] }) {
  const longest = Math.max(1, ...runs.map((run) => run.durationMs ?? 0));
  const good = runs.filter((run) => run.status === "completed").length;
  const first = STRIP_RUNS - runs.length;
  return (
    <svg
      class="strip"
      viewBox={`0 0 ${STRIP_RUNS * BAR} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={
        runs.length === 0 ? "No runs in 24 hours" : `${good} of ${countOf(runs.length, "recent run")} completed`
      }
    >
      <rect class="ground" x="0" y={HEIGHT - 1} width={STRIP_RUNS * BAR} height="1" />
      {runs.map((run, index) => {
        const height = 6 + Math.round(((run.durationMs ?? longest) / longest) * (HEIGHT - 8));
        return (
          <rect
            class={run.status}
            x={(first + index) * BAR + 1}
            y={HEIGHT - height}
            width={BAR - 2}
            height={height}
            rx="1"
          />
        );
      })}
    </svg>
  );
}
