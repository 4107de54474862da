import { SELF } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { RunAnswer } from "../../src/contract/run.ts";
import { HOSTILE } from "../hostile.ts";
import { post, request, rows, run } from "./service.ts";

async function page(path: string): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await request(path, { headers: { Accept: "text/html" } });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

test("an installation where nothing ran says what to do first; one where something ran says how it is", async () => {
  expect((await page("/")).text).toContain('data-action="POST /api/agents/scanner/run"');
  await run("echo");
  const { text } = await page("/");
  expect(text).not.toContain("first-run");
  expect(text).toContain("Ended in 24 hours: 1 run, of which 0 went wrong");
});

describe.for(["/", "/runs", "/costs", "/schedule", "/settings", "/agents/echo", "/agents/scanner", "/runs/1"])(
  "the page %s",
  (path) => {
    test("is whole, needs no other host and nothing inline, and may load and run only what is ours", async () => {
      await run("echo", { hello: "world" });

      const { status, text, headers } = await page(path);

      expect(status).toBe(200);
      expect(text).toMatch(/^<!doctype html><html lang="en">.*<h1>.*<\/html>$/s);
      const policy = headers.get("Content-Security-Policy");
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
      expect(policy).not.toContain("unsafe-inline");
      expect(text).not.toMatch(/ style=| on[a-z]+=|<style|<script(?! defer)/);
      expect(text).not.toMatch(/(src|href|action)="(https?:)?\/\//);
    });

    test("finds every file that it loads, to be kept for ever", async () => {
      await run("echo");
      const { text } = await page(path);
      const assets = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((match) => match[1] ?? "");
      expect(assets.length).toBeGreaterThan(2);
      for (const asset of assets) {
        const response = await request(asset);
        expect([asset, response.status]).toEqual([asset, 200]);
        expect(response.headers.get("Cache-Control")).toContain("immutable");
        const etag = response.headers.get("ETag") ?? "";
        expect((await response.text()).length).toBeGreaterThan(100);
        expect((await request(asset, { headers: { "If-None-Match": etag } })).status).toBe(304);
      }
    });
  },
);

test("a page of an older deployment gets today's files, and asks again the next time", async () => {
  const response = await request("/assets/00000000/dashboard.css");
  expect([response.status, response.headers.get("Cache-Control")]).toEqual([200, "no-cache"]);
  await response.text();
});

test("nothing that a caller or an agent writes becomes markup, wherever a page shows it", async () => {
  const params = {
    [HOSTILE]: HOSTILE,
    report: `# ${HOSTILE}\n\n${HOSTILE}`,
    list: [HOSTILE, { [HOSTILE]: [HOSTILE] }],
  };
  const { run_id } = await run("echo", params);
  const failed = (await (await post("/api/agents/thrower/run", { params })).json()) as RunAnswer;
  const paths = ["/", "/runs", `/runs/${run_id}`, `/runs/${failed.run_id}`, "/agents/echo", "/agents/thrower"];
  paths.push(
    `/runs?agent=${encodeURIComponent(HOSTILE)}`,
    `/agents/${encodeURIComponent(HOSTILE)}`,
    "/costs?days=%22%3E%3Csvg%20onload%3D1%3E",
  );

  for (const path of paths) {
    const { text } = await page(path);
    expect(text).not.toMatch(/<script>alert|<img src=x|<svg onload|onerror=alert\(1\)>"/);
  }
});

test("what a stored agent is called and says of itself is text, not markup", async () => {
  const response = await request("/api/agents/hostile", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      kind: "http",
      display_name: HOSTILE.slice(0, 90),
      description: HOSTILE,
      category: HOSTILE.slice(0, 40),
      tags: [HOSTILE.slice(0, 40)],
      http: { url: "https://agents.example/run" },
    }),
  });
  expect([response.status, await response.text()]).toEqual([201, expect.any(String)]);
  for (const path of ["/", "/agents/hostile", "/costs", "/runs"]) {
    expect((await page(path)).text).not.toMatch(/<script>alert|<img src=x|<svg onload/);
  }
});

test("markdown in an output is rendered without its HTML, its images and its dangerous links", async () => {
  const report = [
    "# A title",
    "**bold** <b>not</b> [good](https://example.com/) [bad](javascript:alert(1)) <javascript:alert(1)>",
    "![seen](https://tracker.example/x.png) [data](data:text/html,<script>alert(1)</script>)",
    "- [ ] a task\n\n| a | b |\n|---|---|\n| 1 | 2 |",
  ].join("\n\n");
  const { run_id } = await run("echo", { report });

  const { text } = await page(`/runs/${run_id}`);
  const prose = /<div class="prose">(.*?)<\/div>/s.exec(text)?.[1] ?? "";

  expect(prose).toContain("<h1>A title</h1>");
  expect(prose).toContain("<strong>bold</strong> &lt;b&gt;not&lt;/b&gt;");
  expect(prose).toContain('<a href="https://example.com/">good</a>');
  expect(prose).toContain("<td>1</td>");
  expect(prose).not.toMatch(/(href|src)="(javascript|data):/);
  expect(prose).not.toMatch(/<(img|input|script)/);
});

test("a page that is not there, or a question that is none, is a page that says so", async () => {
  for (const [path, status] of [
    ["/runs/999", 404],
    ["/runs/x", 404],
    ["/agents/nobody", 404],
    ["/runs?status=nonsense", 422],
    ["/runs?cursor=nonsense", 422],
    ["/costs?days=0", 422],
  ] as const) {
    const answer = await page(path);
    expect([path, answer.status, answer.headers.get("Content-Type")]).toEqual([
      path,
      status,
      "text/html; charset=UTF-8",
    ]);
    expect(answer.text).toContain("To the overview");
  }
});

test("the list of runs is filtered and paged by its URL, each run on one page", async () => {
  const begun: number[] = [];
  for (let n = 0; n < 5; n++) begun.unshift((await run("counted-one")).run_id);
  const failed = (await (await post("/api/agents/deaf/run")).json()) as RunAnswer;
  const ids = (text: string) => [...text.matchAll(/data-run="(\d+)"/g)].map((match) => Number(match[1]));
  const seen: number[] = [];
  let path: string | undefined = "/runs?agent=counted-one&limit=2";
  while (path !== undefined) {
    const { text }: { text: string } = await page(path);
    seen.push(...ids(text));
    path = /<a href="([^"]+)" rel="next"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
  }
  expect(seen).toEqual(begun);
  expect(ids((await page("/runs?status=timed_out&agent=&within=24h")).text)).toEqual([failed.run_id]);
});

test("a form has a field for each param of the agent's schema, and JSON for what no field can say", async () => {
  const { text } = await page("/agents/echo");
  expect(text).toContain('data-send="POST /api/agents/echo/run"');
  expect(text).toMatch(/<input id="run-sleep_ms" data-path="sleep_ms"[^>]* data-kind="number"/);
  expect(text).toContain('data-path="" data-kind="json"');
});

test("a page is not to be kept by a browser, nor framed by anybody", async () => {
  const response = await SELF.fetch("http://127.0.0.1:8787/runs");
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  expect(response.headers.get("X-Frame-Options")).toBe("DENY");
  await response.text();
});

test("what came a moment before a run's start is told without a sign before a nought", async () => {
  const { run_id } = await run("echo");
  const created = async (beforeMs: number) => {
    await rows("UPDATE agent_runs SET created_at = started_at - ?2 WHERE id = ?1", run_id, beforeMs);
    return /<span class="event-at">([^<]+)</.exec((await page(`/runs/${run_id}`)).text)?.[1];
  };
  expect([await created(20), await created(0), await created(1_500)]).toEqual(["+0.0 s", "+0.0 s", "−1.5 s"]);
});

test("a run that waits for its hour says when it starts", async () => {
  const run_at = new Date(Date.now() + 3_600_000).toISOString();
  const { run_id } = (await (await post("/api/agents/echo/run", { params: {}, run_at })).json()) as RunAnswer;
  const { text } = await page(`/runs/${run_id}`);
  expect(text).toContain(`The run starts at <time datetime="${run_at}"`);
  expect(text).not.toContain("It comes when the run has ended");
  await (await post(`/api/agents/runs/${run_id}/cancel`)).text();
  expect((await page(`/runs/${run_id}`)).text).toContain("It left no output");
});
