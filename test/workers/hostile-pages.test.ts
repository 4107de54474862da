import { expect, test } from "vitest";
import { HOSTILE } from "../hostile.ts";
import { request, run } from "./service.ts";

async function send(method: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  const headers = { "Content-Type": "application/json" };
  const response = await request(path, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Whether a page has what the hostile text would make of it if it were not text. */
async function expectNoMarkup(path: string): Promise<string> {
  const response = await request(path);
  const text = await response.text();
  expect([path, response.status]).toEqual([path, 200]);
  expect(text).not.toMatch(/<script>alert|<img src=x|<svg onload|onerror=alert\(1\)>"|href="(javascript|data):/i);
  // Within quotes anything is text: a quote in it is written as &quot;.
  expect(text.replaceAll(/"[^"]*"/g, '""')).not.toMatch(/<[a-z][^>]* on[a-z]+=/);
  return text;
}

test("what a job is called, is for, sends and says of its pause is text on every page that shows it", async () => {
  const name = HOSTILE.slice(0, 100);
  await run("echo");
  await send("POST", "/api/scheduler/jobs", {
    id: "hostile",
    name,
    description: HOSTILE,
    agent: "echo",
    params: { [HOSTILE]: HOSTILE },
    tags: [HOSTILE.slice(0, 30)],
    trigger: { type: "interval", hours: 1 },
  });
  for (const path of ["/", "/schedule", "/schedule/hostile"]) {
    expect(await expectNoMarkup(path)).toContain("&lt;/script&gt;");
  }
  await send("POST", "/api/scheduler/jobs/hostile/trigger", {});
  await send("POST", "/api/scheduler/jobs/hostile/pause", { note: HOSTILE });
  for (const path of ["/schedule", "/schedule/hostile"]) await expectNoMarkup(path);
  expect(await expectNoMarkup("/schedule/hostile")).toContain("<dt>Paused</dt><dd>&lt;/script&gt;");
});

test("keys and values of a memory are text, be it looked at or listed", async () => {
  const key = HOSTILE;
  await run("rememberer", { steps: [{ do: "put", key, value: { [HOSTILE]: HOSTILE } }] });
  expect(await expectNoMarkup("/agents/rememberer")).toContain("&lt;/script&gt;");
  const looked = await expectNoMarkup(`/agents/rememberer?key=${encodeURIComponent(key)}`);
  expect(looked).toContain('class="shown-value"');
});

test("names of models and what a budget says are text under settings and costs", async () => {
  await send("PUT", `/api/prices/${encodeURIComponent(HOSTILE)}`, {
    input_usd_per_million: 1,
    output_usd_per_million: 1,
  });
  const refused = await request("/api/budgets", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ daily_usd: 1, timezone: HOSTILE }),
  });
  expect([refused.status, await refused.text()]).toEqual([422, expect.any(String)]);
  for (const path of ["/settings", "/costs", "/"]) await expectNoMarkup(path);
  expect(await expectNoMarkup("/settings")).toContain("&lt;/script&gt;");
});

test("questions in the URL that try to be markup come back as text, or not at all", async () => {
  const tried = encodeURIComponent(HOSTILE);
  for (const path of [
    `/schedule?after=${tried}`,
    `/?after=${tried}`,
    `/agents/echo?remembers=${tried}`,
    "/schedule/hourly-none?before=1",
  ]) {
    const response = await request(path, { headers: { Accept: "text/html" } });
    expect(await response.text()).not.toMatch(/<script>alert|<img src=x|<svg onload/);
  }
});
