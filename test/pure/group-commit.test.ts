import { expect, test } from "vitest";
import { createGroupCommit } from "../../src/coordinator/group-commit.ts";

interface Write {
  name: string;
  bytes?: number;
}

/** A database that keeps what it commits, and fails as told. */
function scripted(fail: (group: readonly Write[], call: number) => "before" | "after" | null = () => null) {
  const groups: string[][] = [];
  const committed: string[] = [];
  const commits = createGroupCommit<Write, string>({
    async commit(writes) {
      groups.push(writes.map((write) => write.name));
      await Promise.resolve();
      const failure = fail(writes, groups.length);
      if (failure !== "before") for (const { name } of writes) if (!committed.includes(name)) committed.push(name);
      if (failure !== null) throw new Error(`planned failure of ${writes.map((write) => write.name)}`);
      return writes.map((write) => `${write.name}!`);
    },
    bytesOf: (write) => write.bytes ?? 1,
    randomFraction: () => 0,
  });
  return { groups, committed, ...commits };
}

const names = (count: number) => Array.from({ length: count }, (_, n) => `w${n}`);

test("writes that arrive while a transaction is on its way go together in the next, each answered in its place", async () => {
  const db = scripted();
  const outcomes = await Promise.all(names(5).map((name) => db.submit({ name })));
  expect(outcomes).toEqual(names(5).map((name) => `${name}!`));
  expect(db.groups).toEqual([["w0"], ["w1", "w2", "w3", "w4"]]);
});

test("one transaction holds at most a hundred writes", async () => {
  const db = scripted();
  await Promise.all(names(251).map((name) => db.submit({ name })));
  expect(db.groups.map((group) => group.length)).toEqual([1, 100, 100, 50]);
});

test("one transaction holds at most four megabytes, or one write that is larger", async () => {
  const db = scripted();
  const megabytes = [1, 3, 1, 9, 2, 2, 1];
  await Promise.all(megabytes.map((size, n) => db.submit({ name: `w${n}`, bytes: size * 1024 * 1024 })));
  expect(db.groups).toEqual([["w0"], ["w1", "w2"], ["w3"], ["w4", "w5"], ["w6"]]);
});

test.for(["before", "after"] as const)("a transaction that fails once (%s it is applied) is repeated", async (when) => {
  const db = scripted((_group, call) => (call === 1 ? when : null));
  expect(await db.submit({ name: "a" })).toBe("a!");
  expect(db.groups).toEqual([["a"], ["a"]]);
});

test("a write that is refused fails alone: those it travelled with are committed", async () => {
  const db = scripted((group) => (group.some((write) => write.name === "bad") ? "before" : null));
  const all = ["first", ...names(6), "bad", "last"];
  const outcomes = await Promise.allSettled(all.map((name) => db.submit({ name })));
  expect(outcomes.map((outcome) => outcome.status === "fulfilled")).toEqual(all.map((name) => name !== "bad"));
  expect(db.committed.toSorted()).toEqual(all.filter((name) => name !== "bad").toSorted());
});

test("a database that is down fails every write after a bounded number of tries, and the next one is tried anew", async () => {
  let down = true;
  const db = scripted(() => (down ? "before" : null));
  const outcomes = await Promise.allSettled(names(8).map((name) => db.submit({ name })));
  expect(outcomes.map((outcome) => outcome.status)).toEqual(Array(8).fill("rejected"));
  expect(db.groups.length).toBeLessThan(25);
  down = false;
  expect(await db.submit({ name: "later" })).toBe("later!");
});

test("writes that wait are counted", async () => {
  const db = scripted();
  const all = names(4).map((name) => db.submit({ name }));
  expect(db.pending()).toBe(3); // the first is on its way
  await Promise.all(all);
  expect(db.pending()).toBe(0);
});
