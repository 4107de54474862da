import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { startServer } from "../../bench/runtime.ts";

/** A caller that can hang up rudely: a reset is the only way of leaving that the runtime notices before it answers. */
async function callAndLeave(origin: string, params: object, afterMs: number): Promise<void> {
  const { hostname, port, host } = new URL(origin);
  const body = JSON.stringify({ params });
  const socket = await new Promise<Socket>((resolve) => {
    const opened = connect(Number(port), hostname, () => resolve(opened));
  });
  socket.write(
    `POST /api/agents/echo/run HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await new Promise((wake) => setTimeout(wake, afterMs));
  socket.resetAndDestroy();
}

test("a run whose caller has gone still ends with a terminal status", { timeout: 30_000 }, async () => {
  await using server = await startServer("src/index.ts");
  const statusOf = () => server.db.prepare("SELECT status FROM agent_runs").first<string>("status");

  await callAndLeave(server.origin, { sleep_ms: 1_500 }, 700);

  expect(await statusOf()).toBe("running");
  await expect.poll(statusOf, { timeout: 10_000 }).toBe("completed");
});
