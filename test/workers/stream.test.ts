import { env, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { PublishedEvent } from "../../src/contract/stream.ts";
import { publish } from "../../src/stream/client.ts";
import { type Received, receive } from "./event-source.ts";
import { request, rows, run } from "./service.ts";

interface Told {
  agent_name: string;
  status: string;
  run_id: number;
  run_status: string;
}

const watch = (lastEventId?: string) =>
  request("/api/stream", lastEventId === undefined ? {} : { headers: { "Last-Event-ID": lastEventId } });

/** What is told of one run. */
const about = (received: Received[], runId: number) =>
  received.filter(({ data }) => (data as Told | null)?.run_id === runId).map(({ data }) => data as Told);

const ended = (runId: number) => (received: Received[]) =>
  about(received, runId).some(({ run_status }) => run_status !== "queued" && run_status !== "running");

const lastId = (received: Received[]) => received.findLast(({ id }) => id !== null)?.id ?? "";

/** An event that is nobody's. */
function event(runId: number): PublishedEvent {
  const run = { agent_name: "elsewhere", run_id: runId, run_status: "running", attempt: 1, message: "" } as const;
  return { event: "agent_status", data: { ...run, status: "running", at: new Date(0).toISOString() } };
}

const tell = (runIds: readonly number[]) => publish(env.STREAM, runIds.map(event), { lost: false });
const viewers = () => runInDurableObject(env.STREAM.getByName("hub"), (_hub, state) => state.getWebSockets().length);

test("a run that somebody else starts is told from its start to its end, once the history has it", async () => {
  const response = await watch();
  expect(response.headers.get("Content-Type")).toContain("text/event-stream");
  const { run_id } = await run("echo", { hello: "world" });
  const received = await receive(response, ended(run_id));
  expect(received.find(({ event }) => event === "heartbeat")?.id).toMatch(/^[0-9a-f]{8}-\d+$/);
  expect(about(received, run_id)).toMatchObject([
    { agent_name: "echo", status: "running", run_id, run_status: "running", attempt: 1 },
    { agent_name: "echo", status: "idle", run_id, run_status: "completed", message: `Run ${run_id} completed.` },
  ]);
});

test("a run in the background is told as queued, running and ended", async () => {
  const response = await watch();
  const answer = await request("/api/agents/echo/run", { method: "POST", headers: { Prefer: "respond-async" } });
  const { run_id } = await answer.json<{ run_id: number }>();
  const received = await receive(response, ended(run_id));
  expect(about(received, run_id).map(({ run_status }) => run_status)).toEqual(["queued", "running", "completed"]);
});

test("the end of a job's run is told with its job", async () => {
  const response = await watch();
  const coordinator = env.COORDINATOR.getByName("echo");
  const { run_id } = await run("echo");
  const [{ policy } = { policy: "" }] = await rows<{ policy: string }>(
    "SELECT policy FROM agent_runs WHERE id = ?1",
    run_id,
  );
  const begun = await coordinator.begin({
    requestKey: "job:report:0",
    fingerprint: null,
    leaseKey: "the test's",
    mode: "execute",
    agentVersion: 0,
    framework: "script",
    inputJson: "{}",
    trigger: "job",
    replayOf: null,
    policy: { ...JSON.parse(policy), job: { id: "report", name: "Weekly report" } },
    whenFull: "reject",
    maxQueued: 0,
    priority: 0,
    availableAtMs: null,
  });
  if (!begun.ok || begun.kind !== "started") throw new Error(`expected a start, got ${JSON.stringify(begun)}`);
  await coordinator.finish({
    runId: begun.runId,
    attempt: 1,
    end: "failed",
    error: "no paper",
    advice: { kind: "never" },
    result: {
      outputJson: null,
      outputTruncated: false,
      tokensInput: 0,
      tokensOutput: 0,
      costMicrousd: 0,
      durationMs: 12,
    },
    events: [],
  });
  const received = await receive(response, (all) => all.some(({ event }) => event === "job_complete"));
  expect(received.find(({ event }) => event === "job_complete")?.data).toMatchObject({
    job_id: "report",
    job_name: "Weekly report",
    run_id: begun.runId,
    status: "failed",
    duration_ms: 12,
  });
  expect(about(received, begun.runId).at(1)).toMatchObject({ run_status: "failed", status: "error" });
});

test("who comes back with the last id gets all that was missed, in order, once", async () => {
  const first = await watch();
  await tell([1, 2, 3]);
  const before = await receive(first, (received) => about(received, 3).length > 0);
  await tell([4, 5]);
  await tell([6]);
  const again = await watch(lastId(before));
  await tell([7]);
  const after = await receive(again, (received) => about(received, 7).length > 0);
  const runIds = [...before, ...after]
    .map(({ data }) => (data as Told | null)?.run_id)
    .filter((id) => id !== undefined);
  expect(runIds).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("who comes back from anywhere in between gets exactly the rest", async () => {
  const response = await watch();
  await tell([1, 2, 3, 4, 5]);
  const all = (await receive(response, (received) => about(received, 5).length > 0)).filter(({ id }) => id !== null);
  for (const [index, { id }] of all.entries()) {
    const rest = await receive(await watch(id ?? ""), (received) =>
      received.some(({ event }) => event === "heartbeat"),
    );
    expect(rest.filter(({ event }) => event === "agent_status")).toEqual(all.slice(index + 1));
  }
});

test("whose last event is not remembered is told to read the state again", async () => {
  await tell([1]);
  for (const id of ["00000000-1", "not an id", "-1"]) {
    const [, first] = await receive(await watch(id), (received) => received.some((block) => block.id !== null));
    expect(first).toMatchObject({ event: "reset", id: expect.stringMatching(/^[0-9a-f]{8}-\d+$/) });
  }
});

test("who says when they read the state is told what happened since, and the rest as it happens", async () => {
  await tell([1]);
  const first = await receive(await watch(), (received) => received.some(({ id }) => id !== null));
  await tell([2]);
  const readAt = new Date().toISOString();
  await tell([3, 4]);
  const response = await request(`/api/stream?since=${readAt}`);
  await tell([5]);
  const received = await receive(response, (got) => about(got, 5).length > 0);
  expect([3, 4, 5].map((runId) => about(received, runId).length)).toEqual([1, 1, 1]);
  expect(about(received, 1)).toEqual([]);
  expect(first.map(({ event }) => event)).not.toContain("agent_status");
});

test("who read the state before the hub began to remember is told to read it again", async () => {
  const received = await receive(await request("/api/stream?since=2026-01-01T00:00:00Z"), (got) =>
    got.some(({ id }) => id !== null),
  );
  expect(received.at(-1)?.event).toBe("reset");
  const answer = await request("/api/stream?since=yesterday");
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({ errors: [{ field: "query.since" }] });
});

test("events that were lost on the way make everybody read the state again", async () => {
  const response = await watch();
  await publish(env.STREAM, [event(9)], { lost: true });
  const received = await receive(response, (all) => about(all, 9).length > 0);
  expect(received.map(({ event }) => event)).toEqual(["message", "heartbeat", "reset", "agent_status"]);
});

test("a viewer who does not read holds up neither a run nor another viewer, and is hung up on", async () => {
  const asleep = await watch();
  const awake = await watch();
  const long = { ...event(1).data, message: "x".repeat(100_000) } as PublishedEvent["data"];
  for (let count = 0; count < 8; count++) {
    await publish(env.STREAM, [{ event: "agent_status", data: long } as PublishedEvent], { lost: false });
  }
  const { run_id, status } = await run("echo");
  expect(status).toBe("completed");
  expect(about(await receive(awake, ended(run_id)), run_id)).toHaveLength(2);
  await expect.poll(viewers).toBe(0);
  await asleep.body?.cancel();
});

test("who hangs up is forgotten", async () => {
  const response = await watch();
  expect(await viewers()).toBe(1);
  await response.body?.cancel();
  await expect.poll(viewers).toBe(0);
});

test("a HEAD of the stream ends at once and watches nothing", async () => {
  const response = await request("/api/stream", { method: "HEAD" });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("");
  expect(await viewers()).toBe(0);
});

test("a hub that is reset makes no run fail, and its viewers are hung up on and then told to read the state again", async () => {
  const response = await watch();
  await runInDurableObject(env.STREAM.getByName("hub"), (_hub, state) => state.abort("the test's")).catch(() => {});
  const received = await receive(response);
  expect((await run("echo")).status).toBe("completed");
  const [, first] = await receive(await watch(lastId(received)), (again) => again.some(({ id }) => id !== null));
  expect(first?.event).toBe("reset");
});

test("a change of an agent, a job or a budget is told; a run that is asked for is no change", async () => {
  const response = await watch();
  const put = (path: string, body: unknown, method: string) =>
    request(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const answers = [
    await put("/api/agents/echo", { tags: ["told"] }, "PATCH"),
    await put("/api/budgets", { daily_usd: 1 }, "PUT"),
    await put("/api/budgets", { daily_usd: "much" }, "PUT"),
    await put("/api/budgets", {}, "PUT"),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 422, 200]);
  for (const answer of answers) await answer.text();
  const changes = (received: Received[]) => received.filter(({ event }) => event === "change");
  const received = changes(await receive(response, (got) => changes(got).length === 3));
  expect(received.map(({ data }) => data)).toMatchObject([
    { kind: "agent", subject: "/api/agents/echo", action: "PATCH /api/agents/{name}" },
    { kind: "budget", subject: "/api/budgets", action: "PUT /api/budgets" },
    { kind: "budget", subject: "/api/budgets" },
  ]);
});
