import { expect, test } from "vitest";
import { createSlots } from "../../src/coordinator/slots.ts";

/** A history that answers when told to, with what it held when it was asked. */
function history(...running: number[]) {
  const now = new Set(running);
  const answers: (() => void)[] = [];
  const read = () => {
    const seen = [...now];
    return new Promise<number[]>((resolve) => answers.push(() => resolve(seen)));
  };
  return { now, answer: () => answers.shift()?.(), slots: createSlots(read) };
}

const runId = (outcome: { runId: number }) => outcome.runId;

async function known(of: ReturnType<typeof history>): Promise<void> {
  const knowing = of.slots.known();
  of.answer();
  await knowing;
}

test("a run that is in the history when the object starts holds a slot", async () => {
  const of = history(1, 2);
  await known(of);
  expect(of.slots.inUse()).toBe(2);
});

test("a run holds its slot from before its INSERT until after its close", async () => {
  const of = history();
  await known(of);
  const inserted = Promise.withResolvers<{ runId: number }>();
  const entering = of.slots.enter(() => inserted.promise, runId);
  expect(of.slots.inUse()).toBe(1);
  inserted.resolve({ runId: 1 });
  await entering;
  expect(of.slots.inUse()).toBe(1);
  await of.slots.leave(1, async () => null);
  expect(of.slots.inUse()).toBe(0);
});

test("an INSERT that fails frees its slot, and a close that fails does not", async () => {
  const of = history();
  await known(of);
  const fail = () => Promise.reject(new Error("down"));
  await expect(of.slots.enter(fail, runId)).rejects.toThrow("down");
  expect(of.slots.inUse()).toBe(0);
  await of.slots.enter(async () => ({ runId: 1 }), runId);
  await expect(of.slots.leave(1, fail)).rejects.toThrow("down");
  expect(of.slots.inUse()).toBe(1);
});

test("in doubt, the history decides", async () => {
  const of = history();
  await known(of);
  await of.slots.enter(async () => ({ runId: 1 }), runId);
  of.now.add(2); // an INSERT whose reply was lost; and run 1 was closed by an UPDATE whose reply was lost
  of.slots.doubt();
  await known(of);
  expect(of.slots.inUse()).toBe(1);
  await of.slots.leave(2, async () => null);
  expect(of.slots.inUse()).toBe(0);
});

test("a run that begins while the history is read keeps its slot", async () => {
  const of = history();
  const knowing = of.slots.known();
  await of.slots.enter(async () => ({ runId: 1 }), runId);
  of.answer(); // read before run 1 was there
  await knowing;
  expect(of.slots.inUse()).toBe(1);
});

test("a run that is closed while the history is read does not come back", async () => {
  const of = history(1);
  await known(of);
  of.slots.doubt();
  const closed = Promise.withResolvers<null>();
  const leaving = of.slots.leave(1, () => closed.promise);
  const knowing = of.slots.known(); // sees run 1 still running
  closed.resolve(null);
  await leaving;
  of.answer();
  await knowing;
  expect(of.slots.inUse()).toBe(0);
});

test("a history that cannot be read is asked again", async () => {
  let down = true;
  const slots = createSlots(async () => {
    if (down) throw new Error("down");
    return [7];
  });
  await expect(slots.known()).rejects.toThrow("down");
  down = false;
  await slots.known();
  expect(slots.inUse()).toBe(1);
});
