import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { ask, bearer, DEPLOYED, TOKEN } from "./deployed.ts";

const TEAM = "team.cloudflareaccess.com";
const VARIABLES = {
  ACCESS_TEAM_DOMAIN: TEAM,
  ACCESS_AUD: "the-application",
  ACCESS_ROLES: "Ann@example.com=admin, *@ops.example.com=operator, deployer=operator",
};

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let [ours, theirs]: Keys[] = [];
const certs = vi.fn();

beforeAll(async () => {
  [ours, theirs] = await Promise.all([generateKeyPair("RS256"), generateKeyPair("RS256")]);
});

beforeEach(async () => {
  const jwk = { ...(await exportJWK(ours?.publicKey as CryptoKey)), kid: "ours", alg: "RS256", use: "sig" };
  vi.spyOn(globalThis, "fetch").mockImplementation(async (url) => {
    certs(String(url));
    return Response.json({ keys: [jwk] });
  });
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

afterEach(() => vi.restoreAllMocks());

interface Claims {
  email?: string;
  common_name?: string;
  issuer?: string;
  audience?: string;
  expiresIn?: string;
  key?: Keys | undefined;
}

async function token({ issuer, audience, expiresIn, key, ...claims }: Claims): Promise<string> {
  return new SignJWT({ type: "app", ...claims })
    .setProtectedHeader({ alg: "RS256", kid: "ours" })
    .setIssuedAt("-2 minutes")
    .setIssuer(issuer ?? `https://${TEAM}`)
    .setAudience([audience ?? "the-application"])
    .setExpirationTime(expiresIn ?? "1 hour")
    .sign((key ?? ours)?.privateKey as CryptoKey);
}

const headers = (jwt: string) => ({ "Cf-Access-Jwt-Assertion": jwt });
const who = async (jwt: string, variables = {}) =>
  ask("/api/session", { headers: headers(jwt) }, { ...VARIABLES, ...variables });

test.for([
  { claims: { email: "ann@example.com" }, name: "ann@example.com", role: "admin", via: "access" },
  { claims: { email: "BOB@ops.example.com" }, name: "bob@ops.example.com", role: "operator", via: "access" },
  { claims: { email: "eve@elsewhere.example" }, name: "eve@elsewhere.example", role: "viewer", via: "access" },
  {
    claims: { email: "ann@example.com.evil.example" },
    name: "ann@example.com.evil.example",
    role: "viewer",
    via: "access",
  },
  { claims: { common_name: "deployer" }, name: "deployer", role: "operator", via: "access_service" },
])("whom Cloudflare Access lets in has the role of their address: $name is $role", async ({ claims, ...caller }) => {
  const response = await who(await token(claims));
  expect([response.status, await response.json()]).toEqual([200, expect.objectContaining(caller)]);
});

test.for([
  { what: "signed by another key", claims: { key: "theirs" } },
  { what: "of another team", claims: { issuer: "https://other.cloudflareaccess.com" } },
  { what: "for another application", claims: { audience: "another-application" } },
  { what: "expired", claims: { expiresIn: "-1 minute" } },
  { what: "without a name", claims: { email: "" } },
])("an assertion is worth nothing that is $what", async ({ claims }) => {
  const { key, ...rest } = { key: undefined, ...claims };
  const jwt = await token({ email: "ann@example.com", ...rest, key: key === "theirs" ? theirs : ours });
  expect((await who(jwt)).status).toBe(401);
});

test.for(["none", "HS256"])("an assertion is worth nothing whose algorithm is %s", async (alg) => {
  const encoded = (part: object) => btoa(JSON.stringify(part)).replaceAll("=", "");
  const claims = {
    email: "ann@example.com",
    iss: `https://${TEAM}`,
    aud: "the-application",
    iat: 1,
    exp: 9_999_999_999,
  };
  expect((await who(`${encoded({ alg, kid: "ours" })}.${encoded(claims)}.`)).status).toBe(401);
});

test("without ACCESS_TEAM_DOMAIN and ACCESS_AUD no assertion counts", async () => {
  const jwt = await token({ email: "ann@example.com" });
  expect((await who(jwt, { ACCESS_TEAM_DOMAIN: "", ACCESS_AUD: "" })).status).toBe(401);
});

test("what a browser sends along by itself changes nothing without a CSRF token", async () => {
  const jwt = await token({ email: "bob@ops.example.com" });
  const run = (more: Record<string, string>) =>
    ask("/api/agents/echo/run", { method: "POST", headers: { ...headers(jwt), ...more } }, VARIABLES);
  expect((await run({})).status).toBe(403);
  const { csrf_token } = await (await who(jwt)).json<{ csrf_token: string }>();
  expect((await run({ "X-CSRF-Token": csrf_token, Origin: "https://evil.example" })).status).toBe(403);
  expect((await run({ "X-CSRF-Token": csrf_token, Origin: DEPLOYED })).status).toBe(200);
  const service = headers(await token({ common_name: "deployer" }));
  expect((await ask("/api/agents/echo/run", { method: "POST", headers: service }, VARIABLES)).status).toBe(200);
});

test("the team's keys are fetched from the team alone, once for many requests", async () => {
  const team = "other.cloudflareaccess.com";
  for (let n = 0; n < 3; n++) {
    const jwt = await token({ email: "ann@example.com", issuer: `https://${team}` });
    expect((await who(jwt, { ACCESS_TEAM_DOMAIN: team })).status).toBe(200);
  }
  expect(certs.mock.calls).toEqual([[`https://${team}/cdn-cgi/access/certs`]]);
});

test("where the keys cannot be had nobody is let in by an assertion, and a token still opens", async () => {
  vi.spyOn(globalThis, "fetch").mockRejectedValue(new Error("away"));
  const jwt = await token({ email: "ann@example.com" });
  const elsewhere = { ...VARIABLES, ACCESS_TEAM_DOMAIN: "unreachable.cloudflareaccess.com" };
  expect((await ask("/api/session", { headers: headers(jwt) }, elsewhere)).status).toBe(401);
  const both = { ...headers(jwt), ...bearer(TOKEN).headers };
  expect((await ask("/api/session", { headers: both }, elsewhere)).status).toBe(200);
});
