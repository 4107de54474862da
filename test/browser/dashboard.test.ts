import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Stage, seriousViolations, setStage, shoot } from "./browser.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
}, 90_000);

afterAll(() => stage?.close(), 30_000);

afterEach(() => {
  expect(stage.complaints.splice(0)).toEqual([]);
});

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(stage.origin + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

async function waitForStatus(page: Page, status: string): Promise<void> {
  await page.locator(".head .pill", { hasText: status }).waitFor();
}

const LONG = { timeout: 60_000 };

// The first of all: it needs an installation where nothing has run.
test(
  "the first minute: one button scans this very service, and shows the run as it goes and what came of it",
  LONG,
  async () => {
    const page = await stage.open();
    await page.goto("/");
    await shoot(page, "first-minute");
    await page.getByRole("button", { name: "Scan this service" }).click();

    await page.waitForURL(/\/runs\/\d+$/);
    await waitForStatus(page, "completed");
    await page.getByText("scanner").first().waitFor();
    expect(await page.locator(".json").first().innerText()).toContain("targets");
    await shoot(page, "run");
  },
);

test("a form that is filled in wrongly says where and why; put right, it runs", LONG, async () => {
  const page = await stage.open();
  await page.goto("/agents/scanner");
  const targets = page.getByLabel("targets");
  await targets.fill("not a url");
  await page.getByRole("button", { name: "Run scanner" }).click();

  await page.locator("#run-targets-problem", { hasText: "must be a whole http or https URL" }).waitFor();
  expect(await targets.getAttribute("aria-invalid")).toBe("true");
  expect(await page.evaluate("document.activeElement?.id")).toBe("run-targets");
  await shoot(page, "form-refused");

  await targets.fill(`${stage.origin}/api/health`);
  await page.getByRole("button", { name: "Run scanner" }).click();
  await page.waitForURL(/\/runs\/\d+$/);
  await waitForStatus(page, "completed");
  expect(await page.getByLabel("Input").innerText()).toContain("/api/health");
});

test("params that are written as JSON are sent as they are, and what is no JSON is not sent", LONG, async () => {
  const page = await stage.open();
  await page.goto("/agents/echo");
  await page.getByText("Write all params as JSON instead").click();
  const raw = page.getByLabel("All params");
  await raw.fill("{nonsense");
  await page.getByRole("button", { name: "Run echo" }).click();
  await page.locator("#run-raw-json-problem", { hasText: "is not JSON" }).waitFor();

  await raw.fill('{"note": "# Rendered\\n\\n**as markdown** <b>not HTML</b>"}');
  await page.getByRole("button", { name: "Run echo" }).click();
  await page.waitForURL(/\/runs\/\d+$/);
  await waitForStatus(page, "completed");
  expect(await page.locator(".prose strong").innerText()).toBe("as markdown");
  expect(await page.locator(".prose b").count()).toBe(0);
});

test("a run that goes on is cancelled from its page, which shows its end without being asked again", LONG, async () => {
  const page = await stage.open();
  await page.goto("/agents/echo");
  await page.getByLabel("sleep_ms").fill("60000");
  await page.getByRole("button", { name: "Run echo" }).click();
  await page.waitForURL(/\/runs\/\d+$/);
  await waitForStatus(page, "running");
  await shoot(page, "run-live");
  await page.getByRole("button", { name: "Cancel" }).click();

  await waitForStatus(page, "cancelled");
  await page.getByRole("button", { name: "Replay" }).waitFor();
});

test("a run that was started elsewhere appears on the overview and in the list without a reload", LONG, async () => {
  const overview = await stage.open();
  const list = await stage.open();
  await Promise.all([overview.goto("/"), list.goto("/runs")]);
  const answer = await post("/api/agents/echo/run", { params: { sleep_ms: 4_000 } }, { Prefer: "respond-async" });
  const { run_id } = (await answer.json()) as { run_id: number };

  await overview.getByRole("link", { name: `#${run_id}`, exact: true }).waitFor();
  await list.getByRole("link", { name: `#${run_id}`, exact: true }).waitFor();
  await list
    .locator("tr", { hasText: `#${run_id}` })
    .locator(".pill", { hasText: "completed" })
    .waitFor();
});

test("the list is filtered by its URL, paged, and runs that are chosen are replayed together", LONG, async () => {
  for (let n = 0; n < 4; n++) await post("/api/agents/echo/run", { params: { n } });
  const page = await stage.open();
  await page.goto("/runs?limit=2");
  const first = await page.locator("tbody tr").first().innerText();
  await page.getByRole("link", { name: "Older" }).click();
  await page.waitForURL(/cursor=/);
  expect(await page.locator("tbody tr").first().innerText()).not.toBe(first);

  await page.goto("/runs");
  await page.getByLabel("Status").selectOption("completed");
  await page.waitForURL(/status=completed/);
  await page.getByLabel("Agent").fill("echo");
  await page.getByRole("button", { name: "Show" }).click();
  await page.waitForURL(/agent=echo/);
  const before = await page.locator("tbody tr").count();
  await page.locator("input[data-run]").nth(0).check();
  await page.locator("input[data-run]").nth(1).check();
  await page.getByText("2 runs chosen").waitFor();
  await shoot(page, "runs");
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByText("2 done.").waitFor();
  await expect.poll(() => page.locator("tbody tr").count(), { timeout: 15_000 }).toBe(before + 2);
});

test("a job is created with its next slots in sight, and is seen to fire", LONG, async () => {
  const page = await stage.open();
  await page.goto("/schedule");
  await page.getByLabel("Name").fill("Every morning");
  await page.getByLabel("Agent").selectOption("echo");
  await page.getByLabel("Cron expression").fill("61 * * * *");
  await page.locator("[data-says]", { hasText: "61" }).waitFor();
  await page.getByLabel("Cron expression").fill("30 2 * * *");
  await page.getByLabel("Timezone", { exact: true }).fill("Europe/Berlin");
  await page.locator("[data-says]", { hasText: "02:30" }).waitFor();
  expect(await page.locator("[data-preview] li").count()).toBe(10);
  await shoot(page, "new-job");
  await page.getByRole("button", { name: "Create the job" }).click();

  await page.waitForURL(/\/schedule\/job-/);
  await page.getByRole("button", { name: "Fire now" }).click();
  await page.locator("table .pill", { hasText: "fired" }).waitFor();
  await page.locator("table .pill", { hasText: "completed" }).waitFor();
  await shoot(page, "job");
  await page.getByRole("button", { name: "Pause" }).click();
  await waitForStatus(page, "paused");
});

test(
  "a token is made and shown once; a viewer signs in with it, may look, may not run, and signs out",
  LONG,
  async () => {
    const admin = await stage.open();
    await admin.goto("/settings");
    await admin.getByLabel("Name (required)").fill("looker");
    await admin.getByRole("button", { name: "Create", exact: true }).click();
    await admin.locator("#new-token").waitFor();
    const token = await admin.locator("[data-field=token]").innerText();
    expect(token).toMatch(/^ar_/);

    const page = await stage.open();
    await page.goto("/sign-in?next=/agents/echo");
    await shoot(page, "sign-in");
    await page.getByLabel("API token").fill("ar_wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("This token opens nothing").waitFor();
    await page.getByLabel("API token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();

    await page.waitForURL(/\/agents\/echo$/);
    await page.getByText("looker · viewer").waitFor();
    expect(await page.getByRole("button", { name: "Run echo" }).count()).toBe(0);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(/\/sign-in$/);
  },
);

test("every page, wide and narrow, light and dark, is without a serious fault in accessibility and fits the screen", {
  timeout: 90_000,
}, async () => {
  await post("/api/agents/echo/run", { params: { report: "# Title\n\n- one\n\n| a | b |\n|---|---|\n| 1 | 2 |" } });
  const paths = [
    "/",
    "/runs",
    "/runs/1",
    "/agents/scanner",
    "/agents/echo",
    "/costs",
    "/schedule",
    "/settings",
    "/sign-in",
    "/runs/0",
  ];
  const faults: string[] = [];
  for (const [width, colorScheme] of [
    [1280, "light"],
    [390, "dark"],
  ] as const) {
    const page = await stage.open({ width, colorScheme });
    for (const path of paths) {
      await page.goto(path);
      await shoot(page, `page${path.replaceAll("/", "-")}-${width}-${colorScheme}`);
      faults.push(...(await seriousViolations(page)).map((fault) => `${path} ${width}: ${fault}`));
      const tooWide = await page.evaluate("document.documentElement.scrollWidth > window.innerWidth");
      if (tooWide) faults.push(`${path} ${width}: wider than the screen`);
    }
  }
  // The page of a run that is not there is answered 404, which the browser notes.
  stage.complaints.splice(0, stage.complaints.length, ...stage.complaints.filter((text) => !text.includes("404")));
  expect(faults).toEqual([]);
});
