import { expect, test } from "vitest";
import { post, request, rows } from "./service.ts";

const HOUR_MS = 3_600_000;

async function page(path: string): Promise<string> {
  const response = await request(path);
  const text = await response.text();
  expect([path, response.status]).toEqual([path, 200]);
  return text;
}

async function createJob(job: Record<string, unknown>): Promise<void> {
  const response = await post("/api/scheduler/jobs", { agent: "echo", name: String(job.id), ...job });
  expect([response.status, await response.text()]).toEqual([201, expect.any(String)]);
}

const record = (
  jobId: string,
  nominalAtMs: number,
  outcome: string,
  more: { problem?: string; coalesced?: number } = {},
) =>
  rows(
    `INSERT INTO job_fires (job_id, nominal_at, kind, outcome, problem, coalesced, fired_at)
     VALUES (?1, ?2, 'scheduled', ?3, ?4, ?5, ?2)`,
    jobId,
    nominalAtMs,
    outcome,
    more.problem ?? null,
    more.coalesced ?? 0,
  );

test("a job's slots to come are shown by its own clock, with what daylight saving and its hours make of them", async () => {
  await createJob({
    id: "spring",
    timezone: "Europe/Berlin",
    trigger: { type: "cron", expression: "30 2 * 3 sun#L" },
    active_hours: { from: "12:00", to: "13:00" },
  });
  const text = await page("/schedule/spring");
  expect(text).toMatch(/<th scope="col">Europe\/Berlin<\/th><th scope="col">Your clock/);
  expect(text).toMatch(/-03-\d\d 03:30\+02:00<\/span><div class="small muted">later: the clock jumps over it/);
  expect(text).toContain("outside its active hours: does not fire");
});

test("the form that changes a job holds what the job is, of each kind of trigger", async () => {
  await createJob({
    id: "once",
    timezone: "America/New_York",
    trigger: { type: "date", run_date: "2030-05-06T07:08:00" },
  });
  expect(await page("/schedule/once")).toMatch(/data-path="trigger.run_date"[^>]* value="2030-05-06T07:08:00"/);
  await createJob({
    id: "by-cron",
    trigger: { type: "cron", expression: "5 4 * * *", gap: "skip", overlap_hour: "both" },
    pause_after_failures: 3,
  });
  const text = await page("/schedule/by-cron");
  expect(text).toMatch(/data-path="trigger.expression"[^>]* value="5 4 \* \* \*"/);
  expect(text).toContain('<option value="skip" selected="">does not fire</option>');
  expect(text).toContain('<option value="both" selected="">fires both times</option>');
  expect(text).toMatch(/data-path="pause_after_failures"[^>]* value="3"/);
});

test("every slot that did not fire says why", async () => {
  await createJob({ id: "reasoned", trigger: { type: "interval", hours: 1 } });
  const reasons = [
    ["missed", "nobody came to it within its grace"],
    ["skipped_overlap", "the run before it had not ended"],
    ["skipped_inactive", "outside the active hours"],
    ["skipped_paused", "the job was paused"],
    ["coalesced", "a later slot stood for it"],
  ] as const;
  for (const [index, [outcome]] of reasons.entries()) await record("reasoned", (index + 1) * HOUR_MS, outcome);
  await record("reasoned", 9 * HOUR_MS, "rejected", { problem: "agent_disabled", coalesced: 2 });
  const text = await page("/schedule/reasoned");
  for (const [, reason] of reasons) expect(text).toContain(reason);
  expect(text).toContain("the agent refused the run; stands for 2 earlier slots; agent disabled");
});

test("what became of a job's slots is paged, each slot on one page", async () => {
  await createJob({ id: "long", trigger: { type: "interval", hours: 1 } });
  for (let n = 1; n <= 23; n++) await record("long", n * HOUR_MS, "missed");
  const seen: string[] = [];
  let path: string | undefined = "/schedule/long";
  while (path !== undefined) {
    const text: string = await page(path);
    const ledger = text.slice(text.indexOf('id="slots"'));
    seen.push(...[...ledger.matchAll(/<td><time datetime="(1970-[^"]+)" data-absolute/g)].map(([, at = ""]) => at));
    path = /<a href="(\/schedule\/long\?before=\d+)#slots" rel="next"/.exec(text)?.[1];
  }
  expect(seen).toEqual(Array.from({ length: 23 }, (_, n) => new Date((23 - n) * HOUR_MS).toISOString()));
});

test("the day's line shows slots past by what became of them, and those to come, past the last as going on", async () => {
  const now = Date.now();
  await createJob({ id: "hourly", trigger: { type: "interval", hours: 1 } });
  // Not before an hour is over: none of it comes while the test goes on.
  const start = new Date(now + HOUR_MS).toISOString();
  await createJob({ id: "often", trigger: { type: "interval", seconds: 30, start } });
  await record("hourly", now - 2 * HOUR_MS, "missed");
  await record("hourly", now - 5 * HOUR_MS, "skipped_overlap");
  await record("hourly", now - 20 * HOUR_MS, "missed");
  const text = await page("/schedule");
  const lines = new Map(
    [...text.matchAll(/<li class="day-row"><a class="one-line" href="\/schedule\/([\w-]+)">.*?<\/li>/gs)].map(
      (match) => [match[1] ?? "", match[0]],
    ),
  );
  const hourly = lines.get("hourly") ?? "";
  expect(hourly).toContain("2 slots past, 12 to come");
  expect(hourly.match(/class="wrong"/g)).toHaveLength(1);
  expect(hourly.match(/class="passed-over"/g)).toHaveLength(1);
  expect(hourly.match(/class="to-come"/g)).toHaveLength(12);
  expect(lines.get("often")).toContain('class="goes-on"');
});

test("a slot names its job and links to it; one of a job that was deleted says so, and links to no page", async () => {
  await createJob({ id: "kept-job", name: "Kept <one>", trigger: { type: "interval", hours: 1 } });
  await record("kept-job", HOUR_MS, "missed");
  await record("gone-job", 2 * HOUR_MS, "missed");
  const text = await page("/schedule");
  const slots = text.slice(text.indexOf("Latest slots"));
  expect(slots).toMatch(/<a href="\/schedule\/kept-job"[^>]*>Kept &lt;one&gt;<\/a>/);
  expect(slots).toContain("gone-job");
  expect(slots).not.toContain('href="/schedule/gone-job"');
});
