import { nowMs } from "../../clock.ts";
import { formatAgo } from "./format.ts";

/** An instant, as long ago as it is; the script says it in the viewer's timezone. */
export function Instant({ at }: { at: string | null }) {
  if (at === null) return <span class="muted">–</span>;
  return (
    <time datetime={at} title={at} class="nowrap">
      {formatAgo(Date.parse(at), nowMs())}
    </time>
  );
}

/** An instant by its date and time. */
export function Moment({ at }: { at: string | null }) {
  if (at === null) return <span class="muted">–</span>;
  return (
    <time datetime={at} data-absolute="" class="nowrap">
      {at.slice(0, 19).replace("T", " ")} UTC
    </time>
  );
}
