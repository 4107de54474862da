import { env, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { RunPolicy } from "../../src/contract/run-policy.ts";
import type { BeginRequest, MemoryRequest } from "../../src/coordinator/protocol.ts";
import { everyMinute } from "../../src/scheduler/minute.ts";
import { getJson, post, request, run } from "./service.ts";

const coordinatorOf = (agent: string) => env.COORDINATOR.getByName(agent);
const crash = (agent: string) =>
  runInDurableObject(coordinatorOf(agent), (_instance, state) => state.abort("crash")).catch(() => {});
const steps = (...list: object[]) => ({ steps: list });
const forget = (agent: string, key = "") =>
  request(`/api/agents/${agent}/memory${key && `/${encodeURIComponent(key)}`}`, { method: "DELETE" });

interface Page {
  entries: { key: string; version: number; bytes: number; run_id: number; updated_at: string }[];
  next_after: string | null;
}

async function begin(agent: string, leaseKey = "mine"): Promise<number> {
  const asked: BeginRequest = {
    requestKey: crypto.randomUUID(),
    fingerprint: null,
    leaseKey,
    mode: "execute",
    agentVersion: 0,
    framework: "code",
    inputJson: "{}",
    policy: { ...RunPolicy.parse({}), concurrency: 100 },
    trigger: "api",
    replayOf: null,
    whenFull: "reject",
    maxQueued: 0,
    priority: 0,
    availableAtMs: null,
  };
  const outcome = await coordinatorOf(agent).begin(asked);
  if (!outcome.ok || outcome.kind !== "started") throw new Error("did not start");
  return outcome.runId;
}

const put = (holder: { runId: number; attempt?: number; leaseKey?: string }, more: object = {}): MemoryRequest => ({
  kind: "put",
  key: "k",
  valueJson: "1",
  bytes: 2,
  ifVersion: null,
  changeKey: crypto.randomUUID(),
  holder: { attempt: 1, leaseKey: "mine", ...holder },
  ...more,
});

const finish = (agent: string, runId: number) =>
  coordinatorOf(agent).finish({
    runId,
    attempt: 1,
    end: "completed",
    error: null,
    advice: { kind: "none" },
    result: {
      outputJson: "null",
      outputTruncated: false,
      tokensInput: 0,
      tokensOutput: 0,
      costMicrousd: 0,
      durationMs: 0,
    },
    events: [],
  });

afterEach(() => vi.useRealTimers());

test("what a run puts into its agent's memory the next run gets, of any JSON kind", async () => {
  const value = { text: "é\u0000", list: [1, null, { deep: true }] };
  await run("rememberer", steps({ do: "put", key: "kept", value }));
  expect((await run("rememberer", steps({ do: "get", key: "kept" }, { do: "get", key: "other" }))).output).toEqual([
    value,
    null,
  ]);
});

test("one agent's memory is not another's", async () => {
  await run("rememberer", steps({ do: "put", key: "private", value: 1 }));
  expect((await run("witness", steps({ do: "get", key: "private" }))).output).toEqual([null]);
});

test("of 100 updates at once none is lost, and each saw a value of its own", { timeout: 60_000 }, async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => run("rememberer", steps({ do: "add", key: "hundred" }))),
  );

  const seen = answers.map(({ output }) => (output as number[])[0] ?? 0);
  expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
  expect(await getJson("/api/agents/rememberer/memory/hundred")).toMatchObject({ value: 100 });
});

test("an update that takes its time loses no other that came meanwhile", async () => {
  const slow = run("rememberer", steps({ do: "slow_add", key: "slow", ms: 100 }));
  const quick = await run("rememberer", steps({ do: "add", key: "slow" }, { do: "add", key: "slow" }));
  expect(quick.success).toBe(true);
  await slow;
  expect(await getJson("/api/agents/rememberer/memory/slow")).toMatchObject({ value: 3 });
});

test.for(["evicted", "crashed"])("memory outlives a coordinator that is %s", async (how) => {
  await run("rememberer", steps({ do: "put", key: how, value: { how } }));
  if (how === "evicted") await evictDurableObject(coordinatorOf("rememberer"));
  else await crash("rememberer");
  expect((await run("rememberer", steps({ do: "get", key: how }))).output).toEqual([{ how }]);
});

test("a change that is repeated under its key, also after a crash, is one change, whatever came meanwhile", async () => {
  const runId = await begin("witness");
  const change = put({ runId }, { key: "once", valueJson: '"first"' });
  const first = await coordinatorOf("witness").memory(change);
  await coordinatorOf("witness").memory(put({ runId }, { key: "once", valueJson: '"second"' }));
  await crash("witness");

  expect(await coordinatorOf("witness").memory(change)).toEqual(first);

  expect(await getJson("/api/agents/witness/memory/once")).toMatchObject({ value: "second" });
  await finish("witness", runId);
});

test("a change of a version that is not in force changes nothing, also where the key was deleted and made anew", async () => {
  const { output } = await run(
    "rememberer",
    steps({ do: "put", key: "aba", value: 1 }, { do: "delete", key: "aba" }, { do: "put", key: "aba", value: 2 }),
  );
  const [{ version }] = output as [{ version: number }];

  const refused = await run("rememberer", steps({ do: "put", key: "aba", value: 3, ifVersion: version }));

  expect(refused).toMatchObject({ status: "failed", error: expect.stringMatching(/^MemoryConflictError: .*"aba"/) });
  const taken = await run("rememberer", steps({ do: "put", key: "aba", value: 3, ifVersion: 0 }));
  expect(taken.error).toContain("was to be changed from version 0");
  expect(await getJson("/api/agents/rememberer/memory/aba")).toMatchObject({ value: 2 });
});

test.for([
  ["another attempt", { attempt: 2 }],
  ["another executor", { leaseKey: "another's" }],
] as const)("only the attempt that holds the lease changes memory, not %s", async ([, holder]) => {
  const runId = await begin("witness");
  expect(await coordinatorOf("witness").memory(put({ runId, ...holder }, { key: "held" }))).toMatchObject({
    kind: "lost",
  });
  expect((await request("/api/agents/witness/memory/held")).status).toBe(404);
  await finish("witness", runId);
});

test("an attempt that was closed changes memory no more, whatever its code still does", async () => {
  const runId = await begin("witness");
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 10 * 60_000 });
  await everyMinute(env);
  expect(await coordinatorOf("witness").memory(put({ runId }, { key: "late" }))).toMatchObject({ kind: "lost" });
  expect((await request("/api/agents/witness/memory/late")).status).toBe(404);
});

describe("what passes a bound fails the run with the reason, and changes nothing:", () => {
  test.for([
    [
      "a value over 64 KiB",
      { do: "put", key: "big", chars: 65_535 },
      /"big" is to hold 65537 bytes, and may hold 65536/,
    ],
    ["no key", { do: "put", key: "", value: 1 }, /the key must not be empty/],
    ["a key of 513 characters", { do: "put", key: "k".repeat(513), value: 1 }, /at most 512 characters/],
    ["a key with a line break", { do: "put", key: "a\nb", value: 1 }, /without control characters/],
  ] as const)("to remember %s", async ([, step, reason]) => {
    const answer = await run("witness", steps(step));
    expect(answer.status).toBe("failed");
    expect(answer.error).toMatch(reason);
    const { entries } = await getJson<Page>("/api/agents/witness/memory?limit=200");
    expect(entries.filter(({ key }) => key === step.key)).toEqual([]);
  });

  test("a thousand keys and one, or eight megabytes and one value; what is there can still be changed", {
    timeout: 60_000,
  }, async () => {
    const value = { do: "put", chars: 65_000 };
    const full = Array.from({ length: 129 }, (_, n) => ({ ...value, key: `big-${n}` }));
    const filled = await run("hoarder", steps(...full, { ...value, key: "too-much" }));
    expect(filled.error).toMatch(/^MemoryFullError: memory is full: it would hold \d+ bytes, and may hold 8388608/);
    const replaced = await run("hoarder", steps({ ...value, key: "big-0", chars: 64_999 }));
    expect(replaced.status).toBe("completed");

    expect(await (await forget("hoarder")).json()).toEqual({ agent: "hoarder", deleted: 129 });
    const many = Array.from({ length: 1_000 }, (_, n) => ({ do: "put", key: `${n}`, value: n }));
    const answer = await run("hoarder", steps(...many, { do: "put", key: "one more", value: 0 }));
    expect(answer.error).toBe("MemoryFullError: memory is full: it holds 1000 keys already");
    const after = steps({ do: "put", key: "7", value: "seven" }, { do: "delete", key: "8" }, { do: "put", key: "new" });
    expect((await run("hoarder", after)).status).toBe("completed");
  });
});

describe("GET and DELETE /api/agents/{name}/memory", () => {
  test("pages by key without the values, by prefix, and says who wrote what", async () => {
    await forget("rememberer");
    const keys = ["a/1", "a/2", "a/3", "b", "ä"];
    const { run_id } = await run("rememberer", steps(...keys.map((key) => ({ do: "put", key, value: key }))));

    const first = await getJson<Page>("/api/agents/rememberer/memory?limit=2");
    expect(first.entries.map(({ key }) => key)).toEqual(["a/1", "a/2"]);
    expect(first.entries[0]).toEqual({
      key: "a/1",
      version: expect.any(Number),
      bytes: 8,
      updated_at: expect.stringMatching(/Z$/),
      run_id,
    });
    expect(first.next_after).toBe("a/2");
    const rest = await getJson<Page>("/api/agents/rememberer/memory?after=a%2F2");
    expect([rest.entries.map(({ key }) => key), rest.next_after]).toEqual([["a/3", "b", "ä"], null]);
    const some = await getJson<Page>("/api/agents/rememberer/memory?prefix=a%2F&after=a%2F1");
    expect(some.entries.map(({ key }) => key)).toEqual(["a/2", "a/3"]);
  });

  test("one value is shown and deleted by its key, whatever characters that has", async () => {
    const key = "https://a.example/?q=ü&x=%20#/..";
    await run("rememberer", steps({ do: "put", key, value: { n: 1 } }));
    const path = `/api/agents/rememberer/memory/${encodeURIComponent(key)}`;
    expect(await getJson(path)).toMatchObject({ key, value: { n: 1 } });
    expect(await (await forget("rememberer", key)).json()).toEqual({ agent: "rememberer", deleted: 1 });
    for (const response of [await request(path), await forget("rememberer", key)]) {
      expect([response.status, (await response.json<{ code: string }>()).code]).toEqual([404, "memory_not_found"]);
    }
  });

  test("an agent that never was has no memory, and asking makes none; a bad page is refused by field", async () => {
    for (const path of ["/api/agents/nobody/memory", "/api/agents/nobody/memory/key"]) {
      const response = await request(path);
      expect([response.status, (await response.json<{ code: string }>()).code]).toEqual([404, "agent_not_found"]);
    }
    const refused = await request("/api/agents/rememberer/memory?limit=0");
    expect([refused.status, (await refused.json<{ errors: object[] }>()).errors]).toMatchObject([
      422,
      [{ field: "query.limit" }],
    ]);
    expect((await post("/api/agents/rememberer/memory")).status).toBe(405);
  });
});
