import { expect, test } from "vitest";
import { admit } from "../../src/core/admission.ts";

const limits = { concurrency: 3, whenFull: "queue", maxQueued: 5, maxPendingWrites: 10, retryAfterS: 5 } as const;
const empty = { running: 0, queued: 0, due: 0, pendingWrites: 0 };

test.for([
  { what: "an idle agent", load: {}, mode: "execute", kind: "start" },
  { what: "one slot left", load: { running: 2 }, mode: "execute", kind: "start" },
  { what: "no slot left", load: { running: 3 }, mode: "execute", kind: "queue" },
  {
    what: "a free slot that a due run will take",
    load: { running: 2, queued: 1, due: 1 },
    mode: "execute",
    kind: "queue",
  },
  {
    what: "a free slot, and a run that waits for later",
    load: { running: 2, queued: 1 },
    mode: "execute",
    kind: "start",
  },
  { what: "an idle agent, asked to queue", load: {}, mode: "queue", kind: "queue" },
  { what: "no slot and no place", load: { running: 3, queued: 5 }, mode: "execute", code: "queue_full" },
  { what: "no place, asked to queue", load: { queued: 5 }, mode: "queue", code: "queue_full" },
  { what: "too many writes waiting", load: { pendingWrites: 10 }, mode: "execute", code: "overloaded" },
  { what: "no slot, rejecting", load: { running: 3 }, mode: "execute", whenFull: "reject", code: "agent_at_limit" },
  {
    what: "no slot, rejecting, asked to queue",
    load: { running: 3 },
    mode: "queue",
    whenFull: "reject",
    code: "agent_at_limit",
  },
  { what: "a slot, rejecting, asked to queue", load: { running: 2 }, mode: "queue", whenFull: "reject", kind: "queue" },
  { what: "no slot, displacing", load: { running: 3 }, mode: "execute", whenFull: "cancel_oldest", kind: "displace" },
  {
    what: "no slot and no place, displacing",
    load: { running: 3, queued: 5 },
    mode: "queue",
    whenFull: "cancel_oldest",
    code: "queue_full",
  },
] as const)("$what, $mode: $kind$code", ({ load, mode, ...row }) => {
  const whenFull = "whenFull" in row ? row.whenFull : limits.whenFull;
  const admission = admit({ ...empty, ...load }, { ...limits, whenFull }, mode);
  if ("kind" in row) expect(admission).toEqual({ kind: row.kind });
  else expect(admission).toMatchObject({ kind: "refuse", problem: { code: row.code, retryAfterS: 5 } });
});
