import { env } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { SESSION_MS } from "../../src/contract/limits.ts";
import { ask, bearer, createToken, DEPLOYED, json, signIn, TOKEN } from "./deployed.ts";
import { rows } from "./service.ts";

afterEach(() => vi.useRealTimers());

const run = (headers: Record<string, string>) => ask("/api/agents/echo/run", { method: "POST", headers });
const form = (fields: Record<string, string>, headers: Record<string, string> = {}) => ({
  method: "POST",
  headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: DEPLOYED, ...headers },
  body: new URLSearchParams(fields).toString(),
});

test("a session has its token's role, under a cookie that no script reads and no other site sends along", async () => {
  const { token } = await createToken({ name: "browser", role: "viewer" });
  const response = await ask("/api/session", json("POST", { token }));
  expect(response.status).toBe(201);
  const setCookie = response.headers.get("Set-Cookie") ?? "";
  expect(setCookie).toMatch(/^__Host-agent_runs_session=[A-Za-z0-9_-]{43}; /);
  expect(setCookie.split("; ").slice(1).sort()).toEqual([
    "HttpOnly",
    "Max-Age=43200",
    "Path=/",
    "SameSite=Lax",
    "Secure",
  ]);
  const cookie = setCookie.split(";")[0] ?? "";
  expect(await (await ask("/api/session", { headers: { Cookie: cookie } })).json()).toMatchObject({
    name: "browser",
    role: "viewer",
    via: "session",
  });
  expect((await ask("/api/tokens", { headers: { Cookie: cookie } })).status).toBe(403);
});

test("over plain HTTP on this machine the cookie is set without Secure, and signs in there", async () => {
  const url = "http://127.0.0.1:8787/api/session";
  const setCookie = (await ask(url, json("POST", { token: TOKEN }))).headers.get("Set-Cookie") ?? "";
  expect(setCookie).toMatch(/^agent_runs_session=/);
  expect(setCookie).not.toContain("Secure");
  expect((await ask(url, { headers: { Cookie: setCookie.split(";")[0] ?? "" } })).status).toBe(200);
  // A neighbouring host can set a cookie of this name, so nowhere else does it count.
  expect((await ask("/api/session", { headers: { Cookie: setCookie.split(";")[0] ?? "" } })).status).toBe(401);
});

test("over plain HTTP to another host, where no browser keeps the cookie, the page says so", async () => {
  const url = "http://agents.example.com/sign-in";
  const answer = await ask(url, form({ token: TOKEN, next: "/" }, { Origin: "http://agents.example.com" }));
  expect([answer.status, answer.headers.get("Set-Cookie")]).toEqual([400, null]);
  expect(await answer.text()).toContain("over HTTPS");
});

test.for([{ token: "wrong" }, { token: "ar_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }])(
  "a token that opens nothing signs nobody in: $token",
  async ({ token }) => {
    const response = await ask("/api/session", json("POST", { token }));
    expect([response.status, response.headers.get("Set-Cookie")]).toEqual([401, null]);
    const page = await ask("/sign-in", form({ token, next: "/" }));
    expect([page.status, page.headers.get("Set-Cookie")]).toEqual([401, null]);
    expect(await page.text()).toContain('role="alert"');
  },
);

test("a session that was there before signing in is ended by it, and is never taken over", async () => {
  const planted = await signIn((await createToken({ name: "attacker", role: "viewer" })).token);
  const response = await ask("/api/session", json("POST", { token: TOKEN }, { Cookie: planted.cookie }));
  expect(response.headers.get("Set-Cookie")).not.toContain(planted.cookie);
  expect((await ask("/api/agents", { headers: { Cookie: planted.cookie } })).status).toBe(401);
  const made = "__Host-agent_runs_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const fixed = await ask("/api/session", json("POST", { token: TOKEN }, { Cookie: made }));
  expect(fixed.headers.get("Set-Cookie")).not.toContain(made);
  expect((await ask("/api/agents", { headers: { Cookie: made } })).status).toBe(401);
});

describe("a session dies", () => {
  const opens = async (cookie: string) => (await ask("/api/agents", { headers: { Cookie: cookie } })).status;

  test("when it is signed out of, which clears the cookie", async () => {
    const { cookie, csrf } = await signIn(TOKEN);
    expect(await opens(cookie)).toBe(200);
    const headers = { Cookie: cookie, "X-CSRF-Token": csrf };
    const response = await ask("/api/session", { method: "DELETE", headers });
    expect([response.status, response.headers.get("Set-Cookie")]).toEqual([200, expect.stringContaining("Max-Age=0")]);
    expect(await opens(cookie)).toBe(401);
  });

  test("with its token, revoked or expired", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const revoked = await createToken({ name: "revoked", role: "viewer" });
    const ofRevoked = await signIn(revoked.token);
    expect(await opens(ofRevoked.cookie)).toBe(200);
    await ask(`/api/tokens/${revoked.id}`, { method: "DELETE", ...bearer(TOKEN) });
    expect(await opens(ofRevoked.cookie)).toBe(401);

    const expires_at = new Date(Date.now() + 60_000).toISOString();
    const ofExpired = await signIn((await createToken({ name: "expiring", role: "viewer", expires_at })).token);
    expect(await opens(ofExpired.cookie)).toBe(200);
    vi.setSystemTime(Date.now() + 60_000);
    expect(await opens(ofExpired.cookie)).toBe(401);
  });

  test("with the ADMIN_TOKEN that it was signed in with", async () => {
    const { cookie } = await signIn(TOKEN);
    expect((await ask("/api/agents", { headers: { Cookie: cookie } }, { ADMIN_TOKEN: "another" })).status).toBe(401);
    expect((await ask("/api/agents", { headers: { Cookie: cookie } }, { ADMIN_TOKEN: "" })).status).toBe(503);
    expect(await opens(cookie)).toBe(200);
  });

  test("after twelve hours, and the next one who signs in clears its row away", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { cookie } = await signIn(TOKEN);
    vi.setSystemTime(Date.now() + SESSION_MS);
    expect(await opens(cookie)).toBe(401);
    await signIn(TOKEN);
    expect((await rows("SELECT session_hash FROM sessions")).length).toBe(1);
  });
});

describe("on the strength of a cookie", () => {
  test("nothing is changed without the session's own CSRF token", async () => {
    const [mine, theirs] = [await signIn(TOKEN), await signIn(TOKEN)];
    const before = await rows("SELECT id FROM agent_runs");
    for (const token of [undefined, "", "undefined", theirs.csrf, mine.csrf.slice(0, -1), `${mine.csrf}x`]) {
      const response = await run({ Cookie: mine.cookie, ...(token !== undefined && { "X-CSRF-Token": token }) });
      expect([token, response.status]).toEqual([token, 403]);
      expect(await response.json()).toMatchObject({ code: "csrf_refused" });
    }
    expect(await rows("SELECT id FROM agent_runs")).toEqual(before);
    expect((await run({ Cookie: mine.cookie, "X-CSRF-Token": mine.csrf })).status).toBe(200);
  });

  test("nothing is changed for a page of another origin, not even with the token", async () => {
    const { cookie, csrf } = await signIn(TOKEN);
    const headers = { Cookie: cookie, "X-CSRF-Token": csrf };
    for (const from of [
      { Origin: "https://evil.example" },
      { Origin: "null" },
      { Origin: DEPLOYED.replace("https", "http") },
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site" },
    ]) {
      expect([from, (await run({ ...headers, ...from } as Record<string, string>)).status]).toEqual([from, 403]);
    }
    expect((await run({ ...headers, Origin: DEPLOYED, "Sec-Fetch-Site": "same-origin" })).status).toBe(200);
  });

  test("all is read without one", async () => {
    const { cookie } = await signIn(TOKEN);
    expect((await ask("/api/agents/runs", { headers: { Cookie: cookie } })).status).toBe(200);
  });

  test("a Bearer token needs none, whatever cookie comes with it", async () => {
    const { cookie } = await signIn(TOKEN);
    expect((await run({ Cookie: cookie, Authorization: `Bearer ${TOKEN}` })).status).toBe(200);
  });
});

describe("the page to sign in on", () => {
  test("signs in and leads to where one came from", async () => {
    const page = await ask("/sign-in?next=/runs%3Fstatus%3Dfailed");
    expect(page.headers.get("Content-Security-Policy")).toMatch(
      /default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    expect(page.headers.get("Content-Security-Policy")).not.toContain("unsafe");
    // Without a referrer a browser posts the form with `Origin: null`.
    expect(page.headers.get("Referrer-Policy")).toBe("same-origin");
    expect(await page.text()).toContain('name="next" value="/runs?status=failed"');
    const response = await ask("/sign-in", form({ token: ` ${TOKEN}\n`, next: "/runs?status=failed" }));
    expect([response.status, response.headers.get("Location")]).toEqual([303, "/runs?status=failed"]);
    const cookie = response.headers.get("Set-Cookie")?.split(";")[0] ?? "";
    expect((await ask("/api/agents", { headers: { Cookie: cookie } })).status).toBe(200);
  });

  test.for(["//evil.example/", "/\\evil.example/", "https://evil.example/", "javascript:alert(1)", "", "/sign-in"])(
    "leads to no other site: %s",
    async (next) => {
      const response = await ask("/sign-in", form({ token: TOKEN, next }));
      expect([response.status, response.headers.get("Location")]).toEqual([303, "/"]);
    },
  );

  test("shows what it was given as text, never as markup", async () => {
    const page = await ask(`/sign-in?next=${encodeURIComponent('/"><script>alert(1)</script>')}`);
    expect(await page.text()).not.toContain("<script");
  });

  test("signs nobody in for a page of another site", async () => {
    const before = await rows("SELECT session_hash FROM sessions");
    const response = await ask("/sign-in", form({ token: TOKEN }, { Origin: "https://evil.example" }));
    expect([response.status, response.headers.get("Set-Cookie")]).toEqual([403, null]);
    expect(await rows("SELECT session_hash FROM sessions")).toEqual(before);
  });

  test("signs out by a form with the session's token in a field", async () => {
    const { cookie, csrf } = await signIn(TOKEN);
    expect((await ask("/sign-out", form({}, { Cookie: cookie }))).status).toBe(403);
    const response = await ask("/sign-out", form({ csrf_token: csrf }, { Cookie: cookie }));
    expect([response.status, response.headers.get("Location")]).toEqual([303, "/sign-in"]);
    expect((await ask("/api/agents", { headers: { Cookie: cookie } })).status).toBe(401);
  });
});

test("of a session only its hash is stored, and of an ADMIN_TOKEN nothing that can be guessed from the row", async () => {
  const { cookie } = await signIn(TOKEN);
  const secret = cookie.slice(cookie.indexOf("=") + 1);
  const stored = JSON.stringify(await env.DB.prepare("SELECT * FROM sessions").all());
  expect(stored).not.toContain(secret);
  expect(stored).not.toContain(TOKEN);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(TOKEN));
  expect(stored).not.toContain([...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
});

describe("of tokens that open nothing", () => {
  const attempt = (address: string, token = "ar_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") =>
    ask("/api/session", json("POST", { token }, { "CF-Connecting-IP": address }));
  const statuses = (responses: Response[]) => responses.map(({ status }) => status).sort();

  test("ten a minute are tried from one address, to the one, however many come at once", async () => {
    const responses = await Promise.all(Array.from({ length: 25 }, () => attempt("203.0.113.7")));
    expect(statuses(responses)).toEqual([...Array(10).fill(401), ...Array(15).fill(429)]);
    const refused = await attempt("203.0.113.7", TOKEN);
    expect([refused.status, Number(refused.headers.get("Retry-After"))]).toEqual([429, expect.any(Number)]);
    const page = await ask("/sign-in", form({ token: TOKEN, next: "/" }, { "CF-Connecting-IP": "203.0.113.7" }));
    expect([page.status, await page.text()]).toEqual([429, expect.stringContaining("Too many tokens were tried")]);

    expect((await attempt("203.0.113.8", TOKEN)).status).toBe(201);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
    expect((await attempt("203.0.113.7", TOKEN)).status).toBe(201);
  });

  test("a token that opens something is not counted, and an IPv6 network is one address", async () => {
    for (let n = 0; n < 12; n++) expect((await attempt("2001:db8:1:2::1", TOKEN)).status).toBe(201);
    const responses = await Promise.all(Array.from({ length: 12 }, (_, n) => attempt(`2001:db8:1:2::${n + 1}`)));
    expect(statuses(responses)).toEqual([...Array(10).fill(401), ...Array(2).fill(429)]);
  });
});
