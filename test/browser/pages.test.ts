import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HOSTILE } from "../hostile.ts";
import { type Stage, seriousViolations, setStage, shoot, waitForStatus } from "./browser.ts";
import { startModel } from "./scripted-model.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
}, 90_000);

afterAll(() => stage?.close(), 30_000);

afterEach(async () => {
  await stage.closePages();
  expect(stage.complaints.splice(0)).toEqual([]);
}, 30_000);

const LONG = { timeout: 60_000 };

test("a job is created with its next slots in sight, and is seen to fire", LONG, async () => {
  const page = await stage.open();
  await page.goto("/schedule");
  await page.getByRole("button", { name: "Create the job" }).click();
  await page.getByText("Give it a name.").waitFor();
  await page.getByLabel("Name").fill("Every morning");
  expect(await page.getByText("Give it a name.").count()).toBe(0);
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

test("a job that is created fires by itself, is seen to, and is changed as it is", LONG, async () => {
  const page = await stage.open();
  await page.goto("/schedule");
  await page.getByText("New job").click();
  await page.getByLabel("Name").fill("Every three seconds");
  await page.getByLabel("Agent", { exact: true }).selectOption("echo");
  await page.getByLabel("Fires", { exact: true }).selectOption("interval");
  await page.getByLabel("Minutes").fill("0.05");
  await page.locator("[data-says]", { hasText: "0.05 minutes" }).waitFor();
  await page.getByRole("button", { name: "Create the job" }).click();
  await page.waitForURL(/\/schedule\/job-/);
  await page.locator("#slots .pill", { hasText: "completed" }).first().waitFor();

  await page.getByText("Change it").click();
  expect(await page.getByLabel("Minutes").inputValue()).toBe("0.05");
  await page.getByLabel("Fires", { exact: true }).selectOption("date");
  await page.getByLabel("When, in the timezone below").fill("2030-05-06T07:08");
  await page.getByLabel("Timezone", { exact: true }).fill("America/New_York");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".facts-list", { hasText: "Once, at 2030-05-06T11:08:00Z" }).waitFor();
  await page.locator("td", { hasText: "2030-05-06 07:08-04:00" }).waitFor();
  await page.getByText("Change it").click();
  expect(await page.getByLabel("When, in the timezone below").inputValue()).toBe("2030-05-06T07:08");
});

test("slots of the past are run from the job's page, and a preview marks what its hours leave out", LONG, async () => {
  const trigger = { type: "interval", hours: 1 };
  await stage.post("/api/scheduler/jobs", { id: "hourly", name: "Hourly", agent: "echo", trigger, timezone: "UTC" });
  const page = await stage.open();
  await page.goto("/schedule/hourly");
  await page.getByText("Run slots that have not run").click();
  await page.getByRole("button", { name: "Backfill" }).click();
  await page.locator("#job-from-problem", { hasText: /./ }).waitFor();
  const local = (agoMs: number) => new Date(Date.now() - agoMs).toISOString().slice(0, 16);
  await page.getByLabel("From, by your clock").fill(local(3 * 3_600_000));
  await page.getByLabel("To, by your clock").fill(local(0));
  await page.getByRole("button", { name: "Backfill" }).click();
  await page.getByText("3 of 3 slots are backfilled").waitFor();
  await page.locator("#slots td", { hasText: "backfilled" }).first().waitFor();

  await page.getByText("Change it").click();
  await page.getByLabel("Active", { exact: true }).selectOption("in these hours only");
  await page.getByLabel("From", { exact: true }).fill("09:00");
  await page.getByLabel("To", { exact: true }).fill("11:00");
  await page.locator("[data-preview] li.inactive").first().waitFor();
  expect(await page.locator("[data-preview] li").count()).toBe(10);
  await shoot(page, "job-hours");
});

test("what a model says is read while it says it, and what it cost is seen once it has ended", LONG, async () => {
  const model = await startModel();
  const llm = { model: "gpt-4.1-mini", base_url: model.baseUrl };
  await stage.put("/api/agents/poet", { kind: "llm", display_name: "Poet", llm });
  const page = await stage.open();
  await page.goto("/agents/poet");
  await page.getByLabel("prompt").fill("A poem, please.");
  await page.getByRole("button", { name: "Run poet" }).click();
  await page.waitForURL(/\/runs\/\d+$/);
  await page.locator(".timeline", { hasText: "Roses are red." }).waitFor();
  await waitForStatus(page, "running");
  model.end();
  await waitForStatus(page, "completed");
  await page.locator(".tile", { hasText: "1,000 in, 500 out" }).waitFor();
  await shoot(page, "run-of-model");
  await page.goto("/costs");
  await page.locator("tr", { hasText: "gpt-4.1-mini" }).locator("td", { hasText: "1,500" }).waitFor();
  model.close();
});

test("hostile texts on every page open nothing, run nothing and break no policy", LONG, async () => {
  const { run_id } = (await (
    await stage.post("/api/agents/echo/run", {
      params: { [HOSTILE]: HOSTILE, report: `# ${HOSTILE}\n\n[a](javascript:alert(1)) ${HOSTILE}` },
    })
  ).json()) as { run_id: number };
  await stage.post("/api/scheduler/jobs", {
    id: "hostile",
    name: HOSTILE.slice(0, 100),
    description: HOSTILE,
    agent: "echo",
    params: { [HOSTILE]: HOSTILE },
    trigger: { type: "interval", hours: 1 },
  });
  await stage.post("/api/scheduler/jobs/hostile/pause", { note: HOSTILE });
  const price = { input_usd_per_million: 1, output_usd_per_million: 1 };
  await stage.put(`/api/prices/${encodeURIComponent(HOSTILE)}`, price);
  const page = await stage.open();
  for (const path of ["/", "/runs", `/runs/${run_id}`, "/agents/echo", "/schedule", "/schedule/hostile", "/settings"]) {
    await page.goto(path, { waitUntil: "load" });
    expect([
      path,
      await page.locator("main script, main iframe, main img, main [onload], main [onerror]").count(),
    ]).toEqual([path, 0]);
  }
  expect(await page.locator("#prices td", { hasText: "<script>" }).count()).toBe(1);
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
    await admin.locator("td", { hasText: "looker" }).first().waitFor();
    expect(await admin.locator("[data-field=token]").innerText()).toBe(token);
    expect(await admin.evaluate("document.activeElement.id")).toBe("new-token");

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
  timeout: 180_000,
}, async () => {
  await stage.post("/api/agents/echo/run", {
    params: { report: "# Title\n\n- one\n\n| a | b |\n|---|---|\n| 1 | 2 |" },
  });
  const unbroken = "x".repeat(90);
  const trigger = { type: "interval", hours: 1 };
  await stage.post("/api/scheduler/jobs", { id: "unbroken", name: unbroken, agent: "echo", trigger });
  const definition = { kind: "http", display_name: unbroken, http: { url: "https://agents.example/run" } };
  await stage.put("/api/agents/unbroken", definition);
  const places =
    "/ /runs /runs/1 /agents/scanner /agents/unbroken /costs /schedule /schedule/hourly /schedule/unbroken /settings " +
    "/sign-in /runs/0";
  const paths = places.split(" ");
  const faults: string[] = [];
  const looks = [1280, 390].flatMap((width) =>
    (["light", "dark"] as const).map((colorScheme) => ({ width, colorScheme })),
  );
  for (const { width, colorScheme } of looks) {
    const page = await stage.open({ width, colorScheme });
    for (const path of paths) {
      await page.goto(path);
      await shoot(page, `page${path.replaceAll("/", "-")}-${width}-${colorScheme}`);
      const found = await seriousViolations(page);
      if (await page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))
        found.push("wider than the screen");
      faults.push(...found.map((fault) => `${path} ${width} ${colorScheme}: ${fault}`));
    }
    await stage.closePages();
  }
  // The page of a run that is not there is answered 404, which the browser notes.
  stage.complaints.splice(0, stage.complaints.length, ...stage.complaints.filter((text) => !text.includes("404")));
  expect(faults).toEqual([]);
});
