import { describe, expect, test } from "vitest";
import { MAX_WEBHOOK_ATTEMPTS, WEBHOOK_CLOCK_SKEW_MS, WEBHOOK_DEADLINE_MS } from "../../src/contract/limits.ts";
import { afterTry, readRetryAfter, webhookDelaysMs } from "../../src/core/webhook-retry.ts";
import type { Env } from "../../src/env.ts";
import { chooseWebhook } from "../../src/webhooks/choose-webhook.ts";
import { signature, signingKey } from "../../src/webhooks/signature.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const HOUR_MS = 3_600_000;
const text = (bytes: Uint8Array | null) => (bytes === null ? null : new TextDecoder().decode(bytes));

describe("the signature of a webhook", () => {
  test("is the one of the standard's reference libraries", async () => {
    const key = signingKey(SECRET);
    if (key === null) throw new Error("no key");
    const message = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestampS: 1614265330, body: '{"test": 2432232314}' };
    expect(await signature(key, message)).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  test.for([
    { secret: "whsec_aGVsbG8=", key: "hello" },
    { secret: " whsec_aGVsbG8=\n", key: "hello" },
    { secret: "hello", key: "hello" },
    { secret: "aGVsbG8=", key: "aGVsbG8=" },
    { secret: "whsec_", key: null },
    { secret: "whsec_no base64!", key: null },
    { secret: "", key: null },
    { secret: undefined, key: null },
  ])("with the secret $secret has the key $key", ({ secret, key }) => {
    expect(text(signingKey(secret))).toBe(key);
  });
});

describe("the waits between tries of a webhook", () => {
  test("grow, leave no room for two tries at once, and spread eight tries over about a day", () => {
    const shortest = webhookDelaysMs(() => 0);
    const longest = webhookDelaysMs(() => 0.999_999);
    expect(shortest).toHaveLength(MAX_WEBHOOK_ATTEMPTS);
    expect(shortest).toEqual(shortest.toSorted((a, b) => a - b));
    expect(shortest[0]).toBeGreaterThan(WEBHOOK_DEADLINE_MS + WEBHOOK_CLOCK_SKEW_MS);
    const sum = (delays: number[]) => delays.slice(0, -1).reduce((total, delay) => total + delay, 0);
    expect(sum(shortest)).toBeGreaterThan(14 * HOUR_MS);
    expect(sum(longest)).toBeLessThan(30 * HOUR_MS);
  });

  test.for([
    { header: "120", ms: 120_000 },
    { header: "0", ms: 0 },
    { header: "Wed, 21 Oct 2026 07:28:10 GMT", ms: 10_000 },
    { header: "Wed, 21 Oct 2015 07:28:00 GMT", ms: 0 },
    { header: "soon", ms: null },
    { header: "", ms: null },
    { header: null, ms: null },
  ])("Retry-After: $header asks for $ms ms", ({ header, ms }) => {
    expect(readRetryAfter(header, Date.UTC(2026, 9, 21, 7, 28))).toBe(ms);
  });
});

describe("after a try of a webhook", () => {
  const failed = { status: 500, error: "no", retryAfterMs: null, final: false };
  const tried = { attempts: 1, nextAttemptAtMs: 50_000, atMs: 10_000 };

  test.for([
    { what: "that succeeds", answer: { error: null }, next: { status: "delivered" } },
    { what: "that fails", answer: {}, next: { status: "pending", nextAttemptAtMs: 50_000 } },
    { what: "that fails for good", answer: { final: true }, next: { status: "failed" } },
    { what: "that was the last", answer: {}, attempts: MAX_WEBHOOK_ATTEMPTS, next: { status: "failed" } },
    {
      what: "whose receiver asks for more time",
      answer: { retryAfterMs: 90_000 },
      next: { status: "pending", nextAttemptAtMs: 100_000 },
    },
    {
      what: "whose receiver asks for less time",
      answer: { retryAfterMs: 1 },
      next: { status: "pending", nextAttemptAtMs: 50_000 },
    },
    {
      what: "whose receiver asks for a year",
      answer: { retryAfterMs: 365 * 24 * HOUR_MS },
      next: { status: "pending", nextAttemptAtMs: 10_000 + 24 * HOUR_MS },
    },
  ])("$what: $next", ({ answer, attempts, next }) => {
    expect(afterTry({ ...failed, ...answer }, { ...tried, attempts: attempts ?? 1 })).toEqual(next);
  });
});

describe("a run's webhook", () => {
  const env = (more: Partial<Env> = {}) => ({ WEBHOOK_SECRET: SECRET, ...more }) as Env;
  const choose = (requested: string | null | undefined, agentUrl: string | null, more?: Partial<Env>) =>
    chooseWebhook(requested, { name: "echo", webhookUrl: agentUrl }, env(more));

  test.for([
    { requested: undefined, agent: null, url: null },
    { requested: undefined, agent: "https://a.example/x", url: "https://a.example/x" },
    { requested: "https://b.example/?q=1#part", agent: "https://a.example/x", url: "https://b.example/?q=1" },
    { requested: "http://b.example", agent: null, url: "http://b.example/" },
    { requested: null, agent: "https://a.example/x", url: null },
  ])("asked for as $requested, by the agent as $agent, goes to $url", ({ requested, agent, url }) => {
    expect(choose(requested, agent)).toEqual({ ok: true, url });
  });

  test.for([
    "",
    "/hook",
    "ftp://b.example/",
    "javascript:alert(1)",
    "https://user:pass@b.example/",
    "http://localhost:9/",
    "http://127.0.0.1/",
    "http://2130706433/",
    "http://169.254.169.254/latest/meta-data",
    "http://[::1]/",
    "http://metadata.google.internal/",
    `https://b.example/${"é".repeat(700)}`,
  ])("may not go to %s", (url) => {
    expect(choose(url, null)).toMatchObject({ ok: false, problem: { code: "invalid_request" } });
  });

  test("may go to a private address where that is configured", () => {
    const choice = choose("http://127.0.0.1:9/", null, { WEBHOOK_ALLOW_PRIVATE: "true" });
    expect(choice).toEqual({ ok: true, url: "http://127.0.0.1:9/" });
  });
});
