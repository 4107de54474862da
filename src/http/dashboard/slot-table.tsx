import type { PreviewSlot } from "../../contract/schedule-preview.ts";
import { Instant, Moment } from "./instant.tsx";

const MARKS = {
  gap_shifted: "later: the clock jumps over it",
  overlap_first: "the first of the two times the clock shows it",
  overlap_second: "the second of the two times the clock shows it",
} as const satisfies Record<NonNullable<PreviewSlot["mark"]>, string>;

/** A job's slots to come, by its own clock and by the viewer's. */
export function SlotTable(props: { slots: readonly PreviewSlot[]; timezone: string; paused: boolean }) {
  const { slots, timezone, paused } = props;
  if (slots.length === 0) return <p class="empty">{paused ? "None until it is resumed." : "There are none."}</p>;
  return (
    <section class="scroll" tabindex={0} aria-label="Next slots">
      <table>
        <thead>
          <tr>
            <th scope="col">{timezone}</th>
            <th scope="col">
              Your clock <span data-viewer-zone="" />
            </th>
            <th scope="col">From now</th>
          </tr>
        </thead>
        <tbody>
          {slots.map((slot) => (
            <tr class={slot.active ? undefined : "inactive"}>
              <td>
                <span class="nowrap">{slot.local.replace(/:00(?=[+-])/, "")}</span>
                {slot.mark !== null && <div class="small muted">{MARKS[slot.mark]}</div>}
                {!slot.active && <div class="small muted">outside its active hours: does not fire</div>}
              </td>
              <td>
                <Moment at={slot.at} />
              </td>
              <td>
                <Instant at={slot.at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
