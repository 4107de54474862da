import { expect, test } from "vitest";
import { createChance } from "../simulation/chance.ts";
import { LIMITS as AGENT, INPUT, request } from "../simulation/crash-flows.ts";
import { type Effect, PROMPT } from "../simulation/effects.ts";
import type { AgentLimits } from "../simulation/scripted-agent.ts";
import { MINUTE_MS, onStage, type Stage } from "../simulation/stage.ts";

/** Plays without the minute's sweep, which makes up for whatever was forgotten. */
function play<T>(
  limits: Partial<AgentLimits>,
  scene: (stage: Stage) => Promise<T>,
  plan: (effect: Effect) => typeof PROMPT = () => PROMPT,
): Promise<T> {
  const options = { chance: createChance("freed slots"), plan, deliveries: () => [1] };
  return onStage({ ...options, limits: [{ ...AGENT, ...limits }] }, async (stage) => {
    const told = await scene(stage);
    await stage.drain(15);
    expect(stage.verdict()).toEqual([]);
    return told;
  });
}

const statusesOf = (stage: Stage) => Object.fromEntries(stage.rows().map((row) => [row.request_key, row.status]));

test("a slot that is freed by an attempt to be repeated later starts the next run at once", async () => {
  const retry = { ...AGENT.retry, minDelayMs: 10 * MINUTE_MS, maxDelayMs: 10 * MINUTE_MS };
  const statuses = await play({ retry }, async (stage) => {
    stage.ask(request({ input: { ...INPUT, script: ["throw", "complete"] } }));
    await stage.time.advance(500);
    stage.ask(request({ requestKey: "two" }));
    await stage.time.advance(5_000);
    return statusesOf(stage);
  });
  expect(statuses).toEqual({ one: "queued", two: "completed" });
});

test("a slot that was held for a run which then is none starts the run that waited for it", async () => {
  const statuses = await play({}, async (stage) => {
    stage.ask(request({ fingerprint: "same" }));
    await stage.time.advance(5_000);
    stage.ask(request({ requestKey: "two", mode: "queue" }));
    await stage.time.advance(1);
    stage.ask(request({ fingerprint: "same" })); // holds the slot until it is found to have ended
    await stage.time.advance(10_000);
    return statusesOf(stage);
  });
  expect(statuses).toEqual({ one: "completed", two: "completed" });
});

test("a run that is asked for again because no answer came displaces no second run", async () => {
  const statuses = await play(
    { concurrency: 2, whenFull: "cancel_oldest" },
    async (stage) => {
      const long = { ...INPUT, workMs: 30_000 };
      stage.ask(request({ input: long }));
      stage.ask(request({ requestKey: "two", input: long }));
      await stage.time.advance(1_000);
      stage.ask(request({ requestKey: "three" }));
      await stage.time.advance(40_000);
      return statusesOf(stage);
    },
    loseReplyOf("begin", 3),
  );
  expect(statuses).toEqual({ one: "cancelled", two: "completed", three: "completed" });
});

test("a run that is to start later displaces none now", async () => {
  const statuses = await play({ whenFull: "cancel_oldest" }, async (stage) => {
    stage.ask(request({ input: { ...INPUT, workMs: 10_000 } }));
    await stage.time.advance(1_000);
    stage.ask(request({ requestKey: "two", mode: "queue", delayMs: 60_000 }));
    await stage.time.advance(20_000);
    return statusesOf(stage);
  });
  expect(statuses).toEqual({ one: "completed", two: "queued" });
});

test("a run that was begun and is asked for again because no answer came is not refused for the slot that it has", async () => {
  const asked = await play(
    { whenFull: "reject" },
    async (stage) => {
      const one = stage.ask(request());
      await stage.time.advance(40_000);
      return one;
    },
    loseReplyOf("begin", 1),
  );
  expect(asked.outcomes).toMatchObject([{ kind: "recorded", run: { status: "completed", attempt: 1 } }]);
});

function loseReplyOf(name: string, which: number) {
  let met = 0;
  return (effect: Effect) =>
    effect.name === name && ++met === which ? { ...PROMPT, fault: "lose_reply" as const } : PROMPT;
}
