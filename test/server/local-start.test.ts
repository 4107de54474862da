import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";

const START = resolve(import.meta.dirname, "../../src/local/start.ts");
const folder = mkdtempSync(join(tmpdir(), "agent-runs-start-"));
let started: ChildProcess | undefined;

afterEach(async () => {
  await stop("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the service as `npm start -- …` does, in a process group of its own; resolves with what it printed once it is up. */
function start(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [START, ...args], { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  started = child;
  return new Promise((up, failed) => {
    let output = "";
    const read = (chunk: Buffer) => {
      output += chunk;
      if (output.includes("The API, in a browser")) up(output);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("exit", (code) => failed(new Error(`exit ${code}: ${output}`)));
  });
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  const child = started;
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.on("exit", resolve));
  process.kill(signal === "SIGKILL" ? -child.pid : child.pid, signal);
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

test("starts on the port and the folder it is told, open without a token, and keeps its history through a kill", {
  timeout: 90_000,
}, async () => {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const args = ["--port", String(port), "--persist-to", folder];

  const printed = await start(...args);

  expect(printed).toContain(`Agent Runs is up on ${origin}, data in ${folder}.`);
  expect(printed).toContain("WITHOUT A TOKEN");
  expect(existsSync(join(folder, "v3/d1"))).toBe(true);
  const answer = await fetch(`${origin}/api/agents/echo/run`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: '{"params":{"hello":"world"}}',
  });
  const { run_id } = (await answer.json()) as { run_id: number };
  await stop("SIGKILL");

  await start(...args);

  const kept = await (await fetch(`${origin}/api/agents/runs/${run_id}`)).json();
  expect(kept).toMatchObject({ id: run_id, status: "completed", output: { hello: "world" } });
});

test.for([
  { args: ["--port", "zero"], says: "--port must be from 1 to 65535, not zero" },
  { args: ["--prot", "8787"], says: "usage: npm start [-- --port N --persist-to DIR]" },
])("refuses $args and says why", async ({ args, says }) => {
  await expect(start(...args)).rejects.toThrow(says);
});

test("refuses a port that is in use and names another", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const { port } = holder.address() as { port: number };
  await expect(start("--port", String(port))).rejects.toThrow(`port ${port} is in use`);
  holder.close();
});
