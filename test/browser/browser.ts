import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
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
  /** Errors of the console and of the pages' scripts, of all pages. */
  complaints: string[];
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
      page.on("pageerror", (error) => complaints.push(error.message));
      return page;
    },
    async close() {
      await Promise.all(contexts.map((context) => context.close()));
      await browser.close();
      await server.stop("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
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
