import { createRemoteJWKSet, customFetch, type JWTPayload, jwtVerify } from "jose";
import { nowMs } from "../clock.ts";
import { ACCESS_KEYS_DEADLINE_MS } from "../contract/limits.ts";
import type { Role } from "../contract/roles.ts";
import { describeError, log } from "../log.ts";
import type { AppContext, Caller } from "./app-context.ts";

/** What Cloudflare Access adds to a request that it lets through. Anybody could: it counts for its signature alone. */
export function accessToken(c: AppContext): string | undefined {
  return c.req.header("Cf-Access-Jwt-Assertion");
}

/**
 * Whom Cloudflare Access has let in, if this service is behind it: a person by their address, with the role that
 * ACCESS_ROLES gives it, or a service token by its name. The signature is checked against the team's keys, and
 * issuer, audience and expiry against what is configured.
 */
export async function callerOfAccess(c: AppContext): Promise<Caller | null> {
  const { ACCESS_TEAM_DOMAIN: team, ACCESS_AUD: audience, ACCESS_ROLES: roles } = c.get("config");
  const token = accessToken(c);
  if (team === "" || token === undefined) return null;
  const payload = await verified(token, team, audience);
  if (payload === null) return null;
  const person = textOf(payload.email);
  const name = person ?? textOf(payload.common_name);
  if (name === null) return null;
  return {
    name,
    role: roleOf(name, roles),
    via: person === null ? "access_service" : "access",
    tokenId: null,
    requestsPerMinute: null,
    expiresAtMs: payload.exp === undefined ? null : payload.exp * 1_000,
  };
}

async function verified(token: string, team: string, audience: string): Promise<JWTPayload | null> {
  try {
    const { payload } = await jwtVerify(token, keysOf(team), {
      issuer: `https://${team}`,
      audience,
      algorithms: ["RS256"],
      requiredClaims: ["exp", "iat"],
      currentDate: new Date(nowMs()),
    });
    return payload;
  } catch (error) {
    log.warn("access.not_verified", { error: describeError(error) });
    return null;
  }
}

type Keys = ReturnType<typeof createRemoteJWKSet>;
const keys = new Map<string, Keys>();

/** Fetched when they are needed and kept for ten minutes; a key that is not among them is asked for twice a minute at most. */
function keysOf(team: string): Keys {
  const known = keys.get(team);
  if (known !== undefined) return known;
  const made = createRemoteJWKSet(new URL(`https://${team}/cdn-cgi/access/certs`), {
    timeoutDuration: ACCESS_KEYS_DEADLINE_MS,
    [customFetch]: (url, init) => fetch(url, init),
  });
  keys.set(team, made);
  return made;
}

/** By the address, else by its domain, else the least. */
function roleOf(name: string, roles: ReadonlyMap<string, Role>): Role {
  const domain = name.slice(name.lastIndexOf("@"));
  return roles.get(name) ?? roles.get(`*${domain}`) ?? "viewer";
}

function textOf(claim: unknown): string | null {
  return typeof claim === "string" && claim !== "" ? claim.toLowerCase() : null;
}
