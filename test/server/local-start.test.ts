import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { freePort, type LocalServer, startLocally } from "../local-server.ts";

const folder = mkdtempSync(join(tmpdir(), "agent-runs-start-"));
let started: LocalServer | undefined;

afterEach(async () => {
  await started?.stop("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});

test("starts on the port and the folder it is told, open without a token, and keeps its history through a kill", {
  timeout: 90_000,
}, async () => {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const args = ["--port", String(port), "--persist-to", folder];

  started = await startLocally(...args);

  expect(started.printed).toContain(`Agent Runs is up on ${origin}, data in ${folder}.`);
  expect(started.printed).toContain("WITHOUT A TOKEN");
  expect(existsSync(join(folder, "v3/d1"))).toBe(true);
  const answer = await fetch(`${origin}/api/agents/echo/run`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: '{"params":{"hello":"world"}}',
  });
  const { run_id } = (await answer.json()) as { run_id: number };
  await started.stop("SIGKILL");

  started = await startLocally(...args);

  const kept = await (await fetch(`${origin}/api/agents/runs/${run_id}`)).json();
  expect(kept).toMatchObject({ id: run_id, status: "completed", output: { hello: "world" } });
});

test("lets nobody in without a token when it is told to be closed", { timeout: 60_000 }, async () => {
  const port = await freePort();
  started = await startLocally("--port", String(port), "--persist-to", folder, "--closed");

  expect(started.printed).toContain("Nobody gets in without a token");
  expect([401, 503]).toContain((await fetch(`http://127.0.0.1:${port}/api/agents`)).status); // 503: without an ADMIN_TOKEN
});

test.for([
  { args: ["--port", "zero"], says: "--port must be from 1 to 65535, not zero" },
  { args: ["--prot", "8787"], says: "usage: npm start [-- --port N --persist-to DIR --closed]" },
])("refuses $args and says why", async ({ args, says }) => {
  await expect(startLocally(...args)).rejects.toThrow(says);
});

test("refuses a port that is in use and names another", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const { port } = holder.address() as { port: number };
  await expect(startLocally("--port", String(port))).rejects.toThrow(`port ${port} is in use`);
  holder.close();
});
