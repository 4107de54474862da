import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { resolve } from "node:path";

const START = resolve(import.meta.dirname, "../src/local/start.ts");

/** The service as `npm start -- …` runs it, in a process group of its own, so that a kill takes all of it. */
export interface LocalServer {
  /** What it printed until it was up. */
  printed: string;
  stop(signal: NodeJS.Signals): Promise<void>;
}

/** Resolves once it is up; rejects with what it printed if it ends before. */
export function startLocally(...args: string[]): Promise<LocalServer> {
  const child = spawn(process.execPath, [START, ...args], { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<void>((end) => child.on("exit", () => end()));
  const stop = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) sendTo(child, signal);
    await ended;
  };
  return new Promise((up, failed) => {
    let printed = "";
    const read = (chunk: Buffer) => {
      if (printed.length < 100_000) printed += chunk;
      if (printed.includes("The API, in a browser")) up({ printed, stop });
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("exit", (code) => failed(new Error(`exit ${code}: ${printed}`)));
  });
}

/** SIGKILL leaves nobody to end the children, so it goes to the whole group. */
function sendTo({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(signal === "SIGKILL" ? -pid : pid, signal);
}

/** Below the ports that systems give to outgoing connections: one of those may be taken while a server starts. */
export function freePort(): Promise<number> {
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.once("error", () => freePort().then(found, failed));
    probe.listen(port, "127.0.0.1", () => probe.close(() => found(port)));
  });
}
