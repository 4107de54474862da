import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { freePort, type LocalServer, startLocally } from "../local-server.ts";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const SCREENSHOTS = resolve(import.meta.dirname, "../screenshots");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE_MS = 15_000;

/** A real browser before the real service, on a history of its own. */
export interface Stage {
  origin: string;
  /** A page in a browser that knows nothing yet. What it complains of is in `complaints`. */
  open(options?: { width?: number; colorScheme?: "light" | "dark" }): Promise<Page>;
  /** Sends JSON to the API, as somebody elsewhere. */
  post(path: string, body: object, headers?: Record<string, string>): Promise<Response>;
  put(path: string, body: object): Promise<Response>;
  /** Writes runs straight into the history: more than anybody waits for. */
  insertRuns(count: number): void;
  /** Errors of the console and of the pages' scripts, of all pages. */
  complaints: string[];
  /** Closes what a test opened: a page that goes on following the service would slow the next one. */
  closePages(): Promise<void>;
  close(): Promise<void>;
}

export async function setStage(): Promise<Stage> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`these tests drive ${CHROMIUM}, which is not there: apt-get install -y chromium, or set CHROMIUM`);
  }
  const folder = mkdtempSync(join(tmpdir(), "agent-runs-browser-"));
  const port = await freePort();
  const server: LocalServer = await startLocally("--port", String(port), "--persist-to", folder);
  // As root, which a container's user is, chromium has no sandbox; it opens nothing but this service.
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  const complaints: string[] = [];
  mkdirSync(SCREENSHOTS, { recursive: true });
  const contexts: BrowserContext[] = [];
  return {
    origin: `http://127.0.0.1:${port}`,
    complaints,
    post: (path, body, headers = {}) => send("POST", `http://127.0.0.1:${port}${path}`, body, headers),
    put: (path, body) => send("PUT", `http://127.0.0.1:${port}${path}`, body, {}),
    insertRuns: (count) => insertRuns(folder, count),
    async open({ width = 1280, colorScheme = "light" } = {}) {
      const context = await browser.newContext({
        baseURL: `http://127.0.0.1:${port}`,
        viewport: { width, height: 850 },
        colorScheme,
      });
      contexts.push(context);
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      page.on("console", (message) => {
        // A refused form is answered 422, and the browser notes it as an error of the network.
        if (message.type() === "error" && !/status of (401|422)/.test(message.text())) complaints.push(message.text());
      });
      // Of a question whether to go on the answer is yes; an alert is what hostile content would open.
      page.on("dialog", (dialog) => {
        if (dialog.type() !== "confirm") complaints.push(`${dialog.type()}: ${dialog.message()}`);
        dialog.accept();
      });
      page.on("pageerror", (error) => complaints.push(error.message));
      return page;
    },
    async closePages() {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
    },
    async close() {
      await browser.close();
      await server.stop("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function send(method: string, url: string, body: object, headers: Record<string, string>): Promise<Response> {
  return fetch(url, {
    method,
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

function insertRuns(folder: string, count: number): void {
  const databases = join(folder, "v3/d1/miniflare-D1DatabaseObject");
  const file = readdirSync(databases).find((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  if (file === undefined) throw new Error(`there is no database in ${databases}`);
  const database = new DatabaseSync(join(databases, file), { timeout: PATIENCE_MS });
  database
    .prepare(
      `WITH RECURSIVE run (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM run WHERE n < ?1)
       INSERT INTO agent_runs (agent_name, framework, status, input_data, output_data, error, duration_ms, created_at,
                               started_at, completed_at, request_key, attempt)
       SELECT 'echo', 'code', iif(n % 100 = 0, 'failed', 'completed'), '{}', '{}',
              iif(n % 100 = 0, 'it went wrong', NULL), 5, ?2, ?2, ?2, 'inserted ' || n, 1 FROM run`,
    )
    .run(count, Date.now());
  database.close();
}

export async function waitForStatus(page: Page, status: string): Promise<void> {
  await page.locator(".head .pill", { hasText: status }).waitFor();
}

/** For a person to look at: test/screenshots/NAME.png. */
export async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

/** What axe finds to be serious or critical, by rule and element. The page's policy holds for tags, not for what is evaluated. */
export async function seriousViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<AxeResults>("axe.run()");
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

interface AxeResults {
  violations: { id: string; impact: string; nodes: { html: string }[] }[];
}
