import { EndedSession, NewSession, Session } from "../contract/session.ts";
import { log } from "../log.ts";
import type { AppContext, Caller } from "./app-context.ts";
import { callerOfToken } from "./callers.ts";
import { csrfToken, csrfTokenOf } from "./csrf.ts";
import { limitSignIn } from "./limit-sign-in.ts";
import { ProblemError } from "./problems.ts";
import { defineRoute, type Reply } from "./route.ts";
import { instantOrNull } from "./run-view.ts";
import { endSession, type StartedSession, startSession } from "./session-cookie.ts";

const common = { path: "/api/session", tag: "Access" } as const;

const getSession = defineRoute({
  ...common,
  method: "GET",
  summary: "Say who is calling",
  access: "viewer",
  answer: Session,
  problems: [],
  async handle(_input, c): Promise<Reply<Session>> {
    const caller = c.get("caller");
    if (caller === null) throw new Error("a route that asks for a role was served to nobody");
    return { body: sessionOf(caller, await csrfToken(c)), headers: { "Cache-Control": "no-store" } };
  },
});

const postSession = defineRoute({
  ...common,
  method: "POST",
  summary: "Sign a browser in",
  description:
    "Sets a cookie that has the token's role, for twelve hours at most and no longer than the token is in force.",
  access: "public",
  body: NewSession,
  answer: Session,
  answerStatuses: [201],
  problems: ["unauthorized", "csrf_refused", "rate_limited", "storage_unavailable"],
  async handle({ body }, c): Promise<Reply<Session>> {
    const signedIn = await signIn(body.token, c);
    if (signedIn === null) {
      const challenge = { headers: { "WWW-Authenticate": 'Bearer realm="agent-runs"' } };
      throw new ProblemError({ code: "unauthorized", detail: "This token opens nothing." }, challenge);
    }
    const headers = { "Set-Cookie": signedIn.setCookie, "Cache-Control": "no-store" };
    return { status: 201, headers, body: sessionOf(signedIn.caller, await csrfTokenOf(signedIn.cookie)) };
  },
});

const deleteSession = defineRoute({
  ...common,
  method: "DELETE",
  summary: "Sign a browser out",
  access: "viewer",
  answer: EndedSession,
  problems: [],
  async handle(_input, c): Promise<Reply<EndedSession>> {
    return { body: { ended: true }, headers: { "Set-Cookie": await endSession(c) } };
  },
});

export const sessionRoutes = [getSession, postSession, deleteSession];

/** Null: the token opens nothing. Throws `rate_limited`. */
export async function signIn(token: string, c: AppContext): Promise<(StartedSession & { caller: Caller }) | null> {
  const known = await limitSignIn(c, () => callerOfToken(token, c));
  if (known === null) return null;
  const session = await startSession(known, c);
  log.info("session.started", { name: known.name, role: known.role });
  return { ...session, caller: { ...known, via: "session", expiresAtMs: session.expiresAtMs } };
}

function sessionOf({ name, role, via, expiresAtMs }: Caller, csrf_token: string): Session {
  return { name, role, via, expires_at: instantOrNull(expiresAtMs), csrf_token };
}
