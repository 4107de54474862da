import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

/**
 * `npm start [-- --port N --persist-to DIR --closed]`: applies the migrations to the embedded local D1, serves on
 * 127.0.0.1, and stands in for the Cron Trigger, which does not fire locally. Open without a token, unless `--closed`.
 */

const HOST = "127.0.0.1";
const READY_DEADLINE_MS = 60_000;
const ROOT = resolve(import.meta.dirname, "../..");
const WRANGLER = resolve(ROOT, "node_modules/wrangler/bin/wrangler.js");

// Telemetry and request traces are nobody's business locally, and traces cost half of the speed.
const ENVIRONMENT = { ...process.env, WRANGLER_SEND_METRICS: "false", X_LOCAL_OBSERVABILITY: "false", CI: "true" };

/**
 * Those of wrangler.toml, and one more: the local queue hands over one batch at a time, so that without it a long
 * background run would hold up all others. In production a consumer must be waited for, or it is stopped early.
 */
const FLAGS = ["nodejs_compat", "global_fetch_strictly_public", "queue_consumer_no_wait_for_wait_until"];

const options = readOptions();
const origin = `http://${HOST}:${options.port}`;
await requireFreePort(options.port);
await applyMigrations();
const server = serve();
await untilReady(server);
console.log(whatToTryNext());
await doMinute(); // what fell due while the server was down
everyMinute();

function readOptions(): { port: number; persistTo: string; closed: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "8787" },
        closed: { type: "boolean", default: false },
        "persist-to": { type: "string", default: resolve(ROOT, ".wrangler/state") },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      fail(`--port must be from 1 to 65535, not ${values.port}`);
    return { port, persistTo: resolve(values["persist-to"]), closed: values.closed };
  } catch (error) {
    return fail(`${(error as Error).message}\nusage: npm start [-- --port N --persist-to DIR --closed]`);
  }
}

function requireFreePort(port: number): Promise<void> {
  return new Promise((free) => {
    const probe = createServer();
    probe.once("error", () => fail(`port ${port} is in use; choose another: npm start -- --port ${port + 1}`));
    probe.listen(port, HOST, () => probe.close(() => free()));
  });
}

function applyMigrations(): Promise<void> {
  return new Promise((applied) => {
    const migrate = wrangler(["d1", "migrations", "apply", "DB", "--local", "--persist-to", options.persistTo], "pipe");
    let output = "";
    for (const stream of [migrate.stdout, migrate.stderr]) stream?.on("data", (chunk) => (output += chunk));
    migrate.on("exit", (code) => {
      if (code !== 0) fail(`the migrations could not be applied:\n${output}`);
      applied();
    });
  });
}

function serve(): ChildProcess {
  const place = [
    "--ip",
    HOST,
    "--port",
    String(options.port),
    "--inspector-port",
    "0",
    "--persist-to",
    options.persistTo,
  ];
  const variables = [
    "--var",
    `LOCAL_OPEN:${!options.closed}`,
    "--var",
    `PUBLIC_URL:${origin}`,
    "--var",
    "SCANNER_ALLOW_PRIVATE:true",
    "--var",
    "WEBHOOK_ALLOW_PRIVATE:true",
    "--var",
    "HTTP_AGENT_ALLOW_PRIVATE:true",
    "--var",
    "LLM_ALLOW_PRIVATE:true",
  ];
  const flags = ["--compatibility-flags", ...FLAGS];
  const child = wrangler(["dev", "--show-interactive-dev-session=false", ...place, ...variables, ...flags], "inherit");
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 0)));
  stopWithParent(child);
  return child;
}

/** npm that is told to end leaves its script behind, and with it a server that holds the port. */
function stopWithParent(child: ChildProcess): void {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill(), 500).unref();
}

function wrangler(args: string[], output: "inherit" | "pipe"): ChildProcess {
  return spawn(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    env: ENVIRONMENT,
    stdio: ["ignore", output, output],
  });
}

async function untilReady(child: ChildProcess): Promise<void> {
  const giveUpAtMs = Date.now() + READY_DEADLINE_MS;
  while (Date.now() < giveUpAtMs) {
    const answer = await fetch(`${origin}/api/health`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((wake) => setTimeout(wake, 200));
  }
  child.kill();
  fail(`the server was not ready within ${READY_DEADLINE_MS} ms`);
}

function everyMinute(): void {
  const restOfMinuteMs = 60_000 - (Date.now() % 60_000);
  setTimeout(() => {
    everyMinute();
    doMinute();
  }, restOfMinuteMs);
}

async function doMinute(): Promise<void> {
  const url = `${origin}/cdn-cgi/local/scheduled?cron=${encodeURIComponent("* * * * *")}`;
  const answer = await fetch(url).catch(() => null);
  if (!answer?.ok) console.error(`the minute's work failed: ${answer === null ? "no answer" : answer.status}`);
}

function whatToTryNext(): string {
  const call = `curl -s ${origin}/api/agents`;
  const access = options.closed
    ? "Nobody gets in without a token; the first is the ADMIN_TOKEN in .dev.vars."
    : "It is open to this machine WITHOUT A TOKEN, because it is a local start; a deployment never is.";
  return `
Agent Runs is up on ${origin}, data in ${options.persistTo}.
${access}

Try:
  ${call}                       # the agents
  ${call}/scanner/run -X POST   # scan this very service
  ${call}/echo/run --json '{"params":{"hello":"world"}}'
  ${call}/runs                  # the history

The dashboard, in a browser: ${origin}/
The API, in a browser: ${origin}/api/docs
`;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
