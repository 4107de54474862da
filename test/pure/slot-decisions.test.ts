import { expect, test } from "vitest";
import { JobDefinition } from "../../src/contract/job.ts";
import { MAX_CATCH_UP_SLOTS } from "../../src/contract/limits.ts";
import { decideSlots, type SlotDecision } from "../../src/core/slot-decisions.ts";

const SLOT_MS = 60_000;
const MIDNIGHT_MS = Date.UTC(2026, 0, 5);

const MINUTELY: JobDefinition = {
  name: "Minutely",
  description: "",
  agent: "echo",
  params: {},
  timezone: "UTC",
  overlap: "skip",
  misfire_grace_s: 86_400,
  coalesce: true,
  jitter_s: 0,
  start_at: null,
  end_at: null,
  max_fires: null,
  pause_after_failures: null,
  tags: [],
  trigger: { type: "interval", minutes: 1 },
  active_hours: null,
};

/** What becomes of so many slots from midnight on, all of them due, over as many rounds as it takes. */
function decideAll(definition: JobDefinition, slots: number): SlotDecision[] {
  const nowMs = MIDNIGHT_MS + (slots - 1) * SLOT_MS;
  const job = { id: "job", definition, fireCount: 0, busy: false, buffered: 0, failing: false };
  const fires: SlotDecision[] = [];
  for (let nextAtMs = MIDNIGHT_MS; nextAtMs <= nowMs; ) {
    const round = decideSlots({ ...job, nextAtMs }, nowMs);
    if (round.next === "none") throw new Error("an interval has no last slot");
    expect(round.more).toBe(round.next.nextAtMs <= nowMs);
    fires.push(...round.fires);
    nextAtMs = round.next.nextAtMs;
  }
  expect(fires.map(({ nominalAtMs }) => nominalAtMs)).toEqual(
    Array.from({ length: slots }, (_, n) => MIDNIGHT_MS + n * SLOT_MS),
  );
  return fires;
}

test.for([-1, 0, 1, MAX_CATCH_UP_SLOTS - 1, MAX_CATCH_UP_SLOTS])(
  "of late slots that coalesce the last fires, and only that: %i more than one transaction records",
  (over) => {
    const slots = MAX_CATCH_UP_SLOTS + over;
    const outcomes = decideAll(MINUTELY, slots).map(({ outcome }) => outcome);
    expect(outcomes).toEqual([...new Array(slots - 1).fill("coalesced"), "fired"]);
  },
);

test("of late slots the last within the job's hours fires, though others come after it", () => {
  const active_hours = JobDefinition.parse({
    ...MINUTELY,
    active_hours: { from: "00:00", to: "08:00", timezone: "UTC" },
  }).active_hours;
  const inHours = 8 * 60;
  const outcomes = decideAll({ ...MINUTELY, active_hours }, 900).map(({ outcome }) => outcome);
  const skipped = new Array(900 - inHours).fill("skipped_inactive");
  expect(outcomes).toEqual([...new Array(inHours - 1).fill("coalesced"), "fired", ...skipped]);
});
