import { env, evictDurableObject } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { ask, bearer, createToken, signIn, TOKEN } from "./deployed.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("of many requests at once exactly as many get through as the token may make in a minute", async () => {
  const { token } = await createToken({ name: "limited", role: "viewer", requests_per_minute: 10 });
  const answers = await Promise.all(Array.from({ length: 25 }, () => ask("/api/agents", bearer(token))));
  expect(answers.filter(({ status }) => status === 200).length).toBe(10);
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBe(15);
  for (const answer of answers) expect(answer.headers.get("RateLimit-Policy")).toBe('"minute";q=10;w=60');
  expect(answers.map((answer) => Number(/r=(\d+)/.exec(answer.headers.get("RateLimit") ?? "")?.[1])).sort()).toEqual([
    ...Array(16).fill(0),
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
  ]);
  expect(await refused[0]?.json()).toMatchObject({ code: "rate_limited" });
  expect(Number(refused[0]?.headers.get("Retry-After"))).toBeGreaterThan(0);
});

test("a count outlives its object, and a new minute begins when it is told to", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { id, token } = await createToken({ name: "evicted", role: "viewer", requests_per_minute: 1 });
  expect((await ask("/api/agents", bearer(token))).status).toBe(200);
  await evictDurableObject(env.REQUEST_COUNTER.getByName(`token ${id}`));
  const refused = await ask("/api/agents", bearer(token));
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "60"]);
  vi.setSystemTime(Date.now() + 60_000);
  expect((await ask("/api/agents", bearer(token))).status).toBe(200);
});

test("a session counts with its token", async () => {
  const { token } = await createToken({ name: "both", role: "viewer", requests_per_minute: 1 });
  const { cookie } = await signIn(token);
  expect((await ask("/api/agents", { headers: { Cookie: cookie } })).status).toBe(200);
  expect((await ask("/api/agents", bearer(token))).status).toBe(429);
});

test("REQUESTS_PER_MINUTE holds for whoever has no limit of their own, and another's use is not theirs", async () => {
  const variables = { REQUESTS_PER_MINUTE: "2" };
  const own = await createToken({ name: "own limit", role: "viewer", requests_per_minute: 3 });
  const none = await createToken({ name: "no limit", role: "viewer" });
  const allowed = async (token: string) => {
    const statuses: number[] = [];
    for (let n = 0; n < 4; n++) statuses.push((await ask("/api/agents", bearer(token), variables)).status);
    return statuses.filter((status) => status === 200).length;
  };
  expect([await allowed(own.token), await allowed(none.token), await allowed(TOKEN)]).toEqual([3, 2, 2]);
});

/** The counters, of which every one does `instead` when it is asked. */
function counting(instead: () => never): typeof env.REQUEST_COUNTER {
  return { getByName: () => ({ count: instead }) } as unknown as typeof env.REQUEST_COUNTER;
}

test("without a limit no object is asked, and no header is sent", async () => {
  const { token } = await createToken({ name: "free", role: "operator" });
  const asked = vi.fn(() => {
    throw new Error("nobody was to ask");
  });
  const response = await ask("/api/agents", bearer(token), { REQUEST_COUNTER: counting(asked as () => never) });
  expect([response.status, response.headers.get("RateLimit"), asked.mock.calls.length]).toEqual([200, null, 0]);
});

test("a counter that fails refuses nobody, and the log says so", async () => {
  const logged = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { token } = await createToken({ name: "uncounted", role: "viewer", requests_per_minute: 1 });
  const broken = counting(() => {
    throw new Error("the object is away");
  });
  for (let n = 0; n < 2; n++) {
    expect((await ask("/api/agents", bearer(token), { REQUEST_COUNTER: broken })).status).toBe(200);
  }
  expect(logged.mock.calls.flat().join()).toContain("rate_limit.not_counted");
});

test("an address that comes with false tokens is refused after a while, and nobody else", async () => {
  const from = (address: string, token: string) =>
    ask("/api/agents", { headers: { ...bearer(token).headers, "CF-Connecting-IP": address } });
  const statuses: number[] = [];
  // Twice the limit, for a minute may end in between.
  while (statuses.at(-1) !== 429 && statuses.length < 125) statuses.push((await from("198.51.100.1", "no")).status);
  expect([statuses[0], statuses.at(-1)]).toEqual([401, 429]);
  expect((await from("198.51.100.2", "no")).status).toBe(401);
  expect((await from("198.51.100.1", TOKEN)).status).toBe(200);
});

/** A coarse limit that refuses one key. */
const limiter = (refused: string): RateLimit => ({ limit: async ({ key }) => ({ success: key !== refused }) });

test("a caller who runs wild is refused by the coarse limit, with or without one of their own", async () => {
  const { id, token } = await createToken({ name: "wild", role: "viewer" });
  const other = await createToken({ name: "tame", role: "viewer" });
  const variables = { CALLER_RATE: limiter(`token ${id}`) };
  const refused = await ask("/api/agents", bearer(token), variables);
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "60"]);
  expect((await ask("/api/agents", bearer(other.token), variables)).status).toBe(200);
});

test("a coarse limit that fails refuses nobody, and the log says so", async () => {
  const logged = vi.spyOn(console, "warn").mockImplementation(() => {});
  const broken: RateLimit = { limit: () => Promise.reject(new Error("it is away")) };
  expect((await ask("/api/agents", bearer(TOKEN), { CALLER_RATE: broken })).status).toBe(200);
  expect(logged.mock.calls.flat().join()).toContain("rate_limit.not_counted");
});
