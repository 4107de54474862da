import { env, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import type { AgentContext } from "../../src/agents/define-agent.ts";
import { MemoryFullError } from "../../src/agents/errors.ts";
import type { AgentMemory } from "../../src/agents/memory.ts";
import { type FetchOptions, fetchTarget } from "../../src/agents/scanner/fetch-target.ts";
import type { ScannerOutput } from "../../src/agents/scanner/output.ts";
import { scanner } from "../../src/agents/scanner/scanner.ts";
import { nowMs } from "../../src/clock.ts";
import type { ProblemDocument } from "../../src/contract/problems.ts";
import type { Env } from "../../src/env.ts";
import { refuseAddress } from "../../src/net/address-policy.ts";
import { page, redirect, scriptedSite, silence, streamed } from "./scripted-site.ts";
import { post, readRun, run } from "./service.ts";

const A = "https://a.example/";
const B = "https://b.example/";

afterEach(() => vi.restoreAllMocks());

function scan(target: string, site: Pick<FetchOptions, "fetch">, options: Partial<FetchOptions> = {}) {
  const signal = new AbortController().signal;
  const all = { fetch: site.fetch, refuse: refuseAddress, signal, deadlineMs: 5_000, nowMs, ...options };
  return fetchTarget(new URL(target), all);
}

async function answerOf(target: string, site: Pick<FetchOptions, "fetch">, options: Partial<FetchOptions> = {}) {
  const { ending } = await scan(target, site, options);
  if (ending.kind !== "answered") throw new Error(`${ending.kind}: ${ending.reason}`);
  return ending.answer;
}

async function sha256(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).reduce(
    (hex, byte) => hex + byte.toString(16).padStart(2, "0"),
    "",
  );
}

test("a page is reported with its status, its size, its hash and its title", async () => {
  const html = "<!doctype html><title>Home</title><p>é";
  const answer = await answerOf(A, scriptedSite({ [A]: page(html) }));

  const bytes = new TextEncoder().encode(html);
  expect(answer).toMatchObject({ status: 200, page: { bytesRead: bytes.length, title: "Home", end: "complete" } });
  expect(answer.page.sha256).toBe(await sha256(bytes));
  expect(answer.url.href).toBe(A);
});

test("a request names the scanner, carries no cookie, asks for no cached copy, and leaves redirects to us", async () => {
  const site = scriptedSite({
    [A]: () => new Response(null, { status: 302, headers: { Location: "/home", "Set-Cookie": "sid=1" } }),
    [`${A}home`]: page("home"),
  });
  await scan(A, site);

  expect(site.asked).toHaveLength(2);
  for (const { init } of site.asked) {
    expect(init).toMatchObject({ redirect: "manual", cache: "no-store" });
    const headers = new Headers(init.headers);
    expect(headers.get("User-Agent")).toMatch(/^AgentRuns-Scanner\//);
    expect(headers.has("Cookie")).toBe(false);
  }
});

test.for([
  ["entities are decoded", "<title>Caf&eacute; &amp; &#x1F600;</title>", "Café & 😀"],
  ["white space is folded", "<title>\n  One\n  line </title>", "One line"],
  ["only the first counts", "<title>Page</title><svg><title>Drawing</title></svg>", "Page"],
  ["markup in it is text", "<title>a <b>c</title>", "a <b>c"],
  ["200 bytes at most", `<title>${"é".repeat(1_000)}</title>`, `${"é".repeat(100)}…`],
  ["none", "<h1>Hello</h1>", null],
  ["empty", "<title> </title>", null],
  ["in a comment", "<!-- <title>no</title> -->", null],
  ["before markup that the parser gives up on", "<title>Kept</title><select><xmp><script>", "Kept"],
] as const)("title: %s", async ([, html, title]) => {
  expect((await answerOf(A, scriptedSite({ [A]: page(html) }))).page.title).toBe(title);
});

test.for([
  ["text/plain", null],
  ["application/json", null],
  ["text/html; charset=no-such-charset", null],
  ["application/xhtml+xml", "Home"],
  ["TEXT/HTML", "Home"],
] as const)("a page of type %s has the title %s", async ([contentType, title]) => {
  const site = scriptedSite({ [A]: page("<title>Home</title>", { "Content-Type": contentType }) });
  expect((await answerOf(A, site)).page.title).toBe(title);
});

test("redirects are followed one by one, relative ones too, each with its address, status and location", async () => {
  const site = scriptedSite({
    "http://a.example/": redirect(A, 301),
    [A]: redirect("../home?x=1#top", 308),
    [`${A}home?x=1`]: redirect("//b.example/", 303),
    [B]: page("<title>There</title>"),
  });
  const { redirects, ending } = await scan("http://a.example/", site);

  expect(redirects).toEqual([
    { url: "http://a.example/", status: 301, location: A },
    { url: A, status: 308, location: "../home?x=1#top" },
    { url: `${A}home?x=1`, status: 303, location: "//b.example/" },
  ]);
  expect(ending).toMatchObject({ kind: "answered", answer: { status: 200, page: { title: "There" } } });
});

test("the cookies of every redirect are gathered", async () => {
  const cookie = (name: string) => ({ "Set-Cookie": `${name}=1` });
  const site = scriptedSite({
    [A]: () => new Response(null, { status: 302, headers: { Location: B, ...cookie("first") } }),
    [B]: page("", cookie("last")),
  });
  expect((await scan(A, site)).setCookies).toEqual(["first=1", "last=1"]);
});

const chain = (length: number) =>
  Object.fromEntries(Array.from({ length }, (_, n) => [`${A}${n}`, redirect(`/${n + 1}`)]));

test("five redirects are followed", async () => {
  const answer = await answerOf(`${A}0`, scriptedSite({ ...chain(5), [`${A}5`]: page("end") }));
  expect(answer.url.href).toBe(`${A}5`);
});

test("a sixth redirect is a finding, and is not followed", async () => {
  const site = scriptedSite({ ...chain(6), [`${A}6`]: page("end") });
  expect((await scan(`${A}0`, site)).ending).toEqual({ kind: "bad_redirect", reason: "more than 5 redirects" });
  expect(site.asked).toHaveLength(6);
});

test.for([
  ["a loop", redirect(A), `it redirects in a loop, back to ${A}`],
  ["a loop that only a fragment tells apart", redirect("#again"), `it redirects in a loop, back to ${A}`],
  ["no Location", () => new Response(null, { status: 301 }), "a redirect without a Location"],
  [
    "a Location that is no URL",
    redirect("http://["),
    "a Location that must be a whole http or https URL, like https://example.com/",
  ],
  [
    "another scheme",
    redirect("ftp://a.example/"),
    "a Location that must be a whole http or https URL, like https://example.com/",
  ],
  ["credentials", redirect("https://me:pw@b.example/"), "a Location that must not carry a user name or a password"],
] as const)("a redirect with %s is a finding", async ([, answer, reason]) => {
  const site = scriptedSite({ [A]: answer, [B]: page("never") });
  expect((await scan(A, site)).ending).toEqual({ kind: "bad_redirect", reason });
  expect(site.asked).toHaveLength(1);
});

test("the credentials of a Location are not reported", async () => {
  const { redirects } = await scan(A, scriptedSite({ [A]: redirect("https://me:pw@b.example/x@y") }));
  expect(redirects).toEqual([{ url: A, status: 302, location: "https://b.example/x@y" }]);
});

test("304 is an answer, not a redirect", async () => {
  const site = scriptedSite({ [A]: () => new Response(null, { status: 304, headers: { Location: B } }) });
  expect(await answerOf(A, site)).toMatchObject({ status: 304, page: { bytesRead: 0 } });
});

test.for([
  "http://127.0.0.1/",
  "http://[::1]/",
  "http://169.254.169.254/latest/meta-data/",
  "http://metadata.google.internal/",
])("%s is refused as a target and as a redirect, and never asked", async (url) => {
  const site = scriptedSite({ [A]: redirect(url), [url]: page("secret") });
  const direct = await scan(url, site);
  const redirected = await scan(A, site);

  expect(direct.ending).toMatchObject({ kind: "refused", reason: expect.stringMatching(/^not a public/) });
  expect(redirected.ending).toEqual(direct.ending);
  expect(site.asked.map((asked) => asked.url)).toEqual([A]);
});

test("a site that is down is a finding, not an error", async () => {
  const { ending, durationMs } = await scan(A, scriptedSite({}));
  expect(ending).toEqual({ kind: "unreachable", reason: "no connection could be made (Network connection lost.)" });
  expect(durationMs).toBeGreaterThanOrEqual(0);
});

test("what Cloudflare answers in place of a site that it cannot reach is a site that is down", async () => {
  const site = scriptedSite({ [A]: () => new Response("error code: 1016", { status: 530 }) });
  expect((await scan(A, site)).ending).toEqual({
    kind: "unreachable",
    reason: "the name does not resolve, or may not be reached (530 from Cloudflare)",
  });
});

test("a site that never answers is a finding once the target's deadline has passed", async () => {
  const { ending, durationMs } = await scan(A, scriptedSite({ [A]: silence }), { deadlineMs: 50 });
  expect(ending).toEqual({ kind: "timed_out", reason: "no answer within the deadline" });
  expect(durationMs).toBeGreaterThanOrEqual(49);
});

test("a body that never ends is reported with what came of it before the deadline, and is given back", async () => {
  const never = new Promise<null>(() => {});
  const { body, state } = streamed((chunk) => (chunk === 0 ? new TextEncoder().encode("<title>Slow</title>") : never));
  const site = scriptedSite({ [A]: () => new Response(body, { headers: { "Content-Type": "text/html" } }) });

  const answer = await answerOf(A, site, { deadlineMs: 50 });

  expect(answer).toMatchObject({ status: 200, page: { bytesRead: 19, title: "Slow", end: "deadline" } });
  expect(state.cancelled).toBe(true);
});

test("a body that breaks off is reported with what came of it", async () => {
  const { body } = streamed((chunk) => {
    if (chunk === 0) return new Uint8Array(7);
    throw new Error("connection reset");
  });
  const answer = await answerOf(A, scriptedSite({ [A]: () => new Response(body) }));
  expect(answer).toMatchObject({ status: 200, page: { bytesRead: 7, end: "lost" } });
});

const MAX = 2 * 1024 * 1024;

test("of a huge body exactly 2 MB are read and hashed, and the rest is given back unread", async () => {
  const chunk = new Uint8Array(100_000).fill(97);
  const { body, state } = streamed((n) => (n < 1_000 ? chunk : null));
  const answer = await answerOf(A, scriptedSite({ [A]: () => new Response(body) }));

  expect(answer.page).toMatchObject({ bytesRead: MAX, end: "limit" });
  expect(answer.page.sha256).toBe(await sha256(new Uint8Array(MAX).fill(97)));
  expect(state.cancelled).toBe(true);
});

test("a body of exactly 2 MB is complete", async () => {
  const answer = await answerOf(A, scriptedSite({ [A]: () => new Response(new Uint8Array(MAX)) }));
  expect(answer.page).toMatchObject({ bytesRead: MAX, end: "complete" });
});

test("when the run itself is aborted, the scan ends with the run's own reason", async () => {
  const controller = new AbortController();
  const scanning = scan(A, scriptedSite({ [A]: silence }), { signal: controller.signal });
  controller.abort(new Error("the run was cancelled"));
  await expect(scanning).rejects.toThrow("the run was cancelled");
});

const rememberNothing: AgentMemory = {
  get: async () => null,
  put: async () => ({ version: 1 }),
  update: async (_key, change) => ({ value: await change(undefined), version: 1 }),
  delete: async () => false,
  list: async () => ({ entries: [], nextAfter: null }),
};

function execute(env: Partial<Env>, params: unknown = {}, more: Partial<AgentContext> = {}) {
  const input = scanner.input.parse(params);
  return scanner.execute(input, {
    agentName: "scanner",
    setPriceOf: async () => null,
    runAgent: async () => ({ ok: false, reason: "there is nobody else" }),
    runId: 1,
    attempt: 1,
    signal: new AbortController().signal,
    deadlineMs: Number.MAX_SAFE_INTEGER,
    log: () => {},
    usage: { add: () => {} },
    memory: rememberNothing,
    history: { runs: async () => [], run: async () => null },
    completion: async () => null,
    hide: () => {},
    env: env as Env,
    serviceOrigin: "https://agents.example.com",
    ...more,
  });
}

test.for([
  [undefined, "refused"],
  ["false", "refused"],
  ["true", "answered"],
] as const)("with SCANNER_ALLOW_PRIVATE %s a private address is %s", async ([allow, outcome]) => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("private"));
  const env = allow === undefined ? {} : { SCANNER_ALLOW_PRIVATE: allow };
  expect(await execute(env, { targets: ["http://10.0.0.1/"] })).toMatchObject({ targets: [{ outcome }] });
});

test("without targets those of SCANNER_TARGETS are scanned", async () => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("hello"));
  const output = await execute({ SCANNER_TARGETS: `${A},${B},nonsense` });
  expect(output).toMatchObject({
    targets: [{ url: A }, { url: B }],
    findings: expect.arrayContaining([expect.objectContaining({ target: "nonsense", code: "unusable_target" })]),
  });
});

test("through the service: sites that answer, fail, redirect and are down make one completed run, worst findings first", async () => {
  const site = scriptedSite({
    [A]: page("<title>A &amp; B</title>", { "Set-Cookie": "sessionid=s3cret; Secure" }),
    [B]: () => new Response("no", { status: 503 }),
    "https://c.example/": redirect(A),
  });
  vi.spyOn(globalThis, "fetch").mockImplementation((url, init) => site.fetch(String(url), init ?? {}));
  const targets = [A, B, "https://c.example/", "https://down.example/", A];

  const answer = await run("scanner", { targets });

  expect(answer).toMatchObject({ status: "completed", output_truncated: false });
  const output = answer.output as ScannerOutput;
  expect(output.targets.map(({ url, outcome, status }) => [url, outcome, status])).toEqual([
    [A, "answered", 200],
    [B, "answered", 503],
    ["https://c.example/", "answered", 200],
    ["https://down.example/", "unreachable", null],
  ]);
  expect(output.targets[0]?.title).toBe("A & B");
  expect(output.findings.slice(0, 4).map(({ severity, target, code }) => [severity, target, code])).toEqual([
    ["critical", "https://down.example/", "unreachable"],
    ["high", A, "cookies"],
    ["high", B, "server_error"],
    ["high", "https://c.example/", "cookies"],
  ]);
  expect(JSON.stringify(answer)).not.toContain("s3cret");
  const { events } = await readRun(answer.run_id);
  expect(events).toHaveLength(4);
});

test("through the service: without targets the service itself is scanned", async () => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("hello"));
  const { output } = await run("scanner");
  expect(output).toMatchObject({ targets: [{ url: "http://127.0.0.1:8787/", outcome: "answered", status: 200 }] });
});

test("through the service: no more than six targets are under way at once", async () => {
  let underWay = 0;
  let most = 0;
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => {
    most = Math.max(most, ++underWay);
    await scheduler.wait(5);
    underWay--;
    return new Response("hello");
  });
  await run("scanner", { targets: Array.from({ length: 20 }, (_, n) => `https://${n}.example/`) });
  expect(most).toBe(6);
});

test("through the service: a target that is not a URL is answered 422 with the field's name", async () => {
  const response = await post("/api/agents/scanner/run", { params: { targets: [A, "example.com"] } });
  expect(response.status).toBe(422);
  const problem = await response.json<ProblemDocument>();
  expect(problem.errors).toMatchObject([{ field: "params.targets.1" }]);
  expect(problem.detail).toContain("must be a whole http or https URL");
});

test("through the service: a scan says what is new since the last one, also after a crash of the coordinator", async () => {
  const answers: Parameters<typeof scriptedSite>[0] = {};
  const site = scriptedSite(answers);
  vi.spyOn(globalThis, "fetch").mockImplementation((url, init) => site.fetch(String(url), init ?? {}));
  const changesOf = async (...targets: string[]) => {
    const output = (await run("scanner", { targets })).output as ScannerOutput;
    return output.targets.map(({ change }) => [change?.kind, change?.what]);
  };
  const [x, y] = [`${A}?compared`, `${B}?compared`];
  Object.assign(answers, { [x]: page("one"), [y]: page("b") });
  expect(await changesOf(x, y)).toEqual([
    ["new", []],
    ["new", []],
  ]);
  Object.assign(answers, { [x]: page("two") });
  delete answers[y];
  await runInDurableObject(env.COORDINATOR.getByName("scanner"), (_instance, state) => state.abort("crash")).catch(
    () => {},
  );
  expect(await changesOf(x, y)).toEqual([
    ["changed", ["content"]],
    ["down", expect.arrayContaining(["outcome"])],
  ]);
  Object.assign(answers, { [y]: page("b") });
  expect(await changesOf(x, y)).toMatchObject([
    ["unchanged", []],
    ["recovered", expect.arrayContaining(["outcome"])],
  ]);
});

test("through the service: scans at once lose nothing of each other's, and of one target each but the first has a scan before it", async () => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("hello"));
  const urls = Array.from({ length: 8 }, (_, n) => `https://at-once-${n}.example/`);
  await Promise.all(urls.map((url) => run("scanner", { targets: [url, "https://shared.example/"] })));
  const again = await run("scanner", { targets: urls });
  const { targets } = again.output as ScannerOutput;
  expect(targets.map(({ change }) => change?.kind)).toEqual(urls.map(() => "unchanged"));
  const { results } = await env.DB.prepare(
    "SELECT json_extract(output_data, '$.targets[1].change.kind') AS kind FROM agent_runs WHERE input_data LIKE '%shared.example%'",
  ).all<{ kind: string }>();
  expect(results.filter(({ kind }) => kind === "new")).toHaveLength(1);
  expect(results.filter(({ kind }) => kind === "unchanged")).toHaveLength(7);
});

test("a scanner that cannot remember reports all the same, compared with nothing, and says so in its log", async () => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("hello"));
  const lines: string[] = [];
  const update = async () => Promise.reject(new Error("memory: away"));
  const output = await execute(
    {},
    { targets: [A] },
    { memory: { ...rememberNothing, update }, log: (line) => lines.push(line) },
  );
  expect(output).toMatchObject({ targets: [{ outcome: "answered", change: null }] });
  expect(lines.at(-1)).toBe(`${A}: not compared with its last scan`);
});

test("a scanner whose memory is full forgets the targets that were not scanned for longest", async () => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("hello"));
  const held = new Map(Array.from({ length: 60 }, (_, n) => [`target:${n}`, (n * 7) % 60]));
  const update: AgentMemory["update"] = async (key, change) => {
    if (held.size >= 60) throw new MemoryFullError("full");
    held.set(key, 1_000);
    return { value: await change(undefined), version: 1 };
  };
  const memory: AgentMemory = {
    ...rememberNothing,
    update,
    delete: async (key) => held.delete(key),
    list: async () => ({
      entries: [...held].map(([key, updatedAtMs]) => ({ key, updatedAtMs, version: 1, bytes: 1 })),
      nextAfter: null,
    }),
  };
  expect(await execute({}, { targets: [A] }, { memory })).toMatchObject({ targets: [{ change: { kind: "new" } }] });
  expect([...held.values()].toSorted((a, b) => a - b)).toEqual([50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 1_000]);
});
