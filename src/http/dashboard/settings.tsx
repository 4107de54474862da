import { nowMs } from "../../clock.ts";
import { AuditQuery } from "../../contract/audit.ts";
import { CREDENTIAL_CACHE_MS, DEFAULT_PAGE_TOKENS } from "../../contract/limits.ts";
import type { AppContext, Caller } from "../app-context.ts";
import { readAuditPage } from "../audit.ts";
import { schedulerHealth } from "../health.ts";
import { invalid } from "../problems.ts";
import { instantOrNull } from "../run-view.ts";
import { readTokenPage } from "../tokens.ts";
import { AuditTable } from "./audit-table.tsx";
import { HealthCard } from "./health-card.tsx";
import { Moment } from "./instant.tsx";
import { answerPage, mayDo } from "./layout.tsx";
import { TokenForm, TokenTable } from "./token-table.tsx";

/** Who is signed in; and for an admin, who may call and who changed what. */
export async function settingsPage(c: AppContext): Promise<Response> {
  const isAdmin = mayDo(c, "admin");
  const query = AuditQuery.safeParse(c.req.query());
  if (!query.success) throw invalid("invalid_request", query.error, ["query"]);
  const caller = c.get("caller");
  return answerPage(
    c,
    { title: "Settings", section: "Settings" },
    <>
      <div class="head">
        <h1>Settings</h1>
      </div>
      <HealthCard scheduler={await schedulerHealth(c.env.DB, nowMs())} retentionDays={c.get("config").RETENTION_DAYS} />
      {caller !== null && <You caller={caller} />}
      {isAdmin && <Tokens page={await readTokenPage({ limit: DEFAULT_PAGE_TOKENS }, nowMs(), c)} />}
      {isAdmin && <Changes page={await readAuditPage(query.data, c)} />}
    </>,
  );
}

const KNOWN_BY: Record<Caller["via"], string> = {
  admin_token: "the ADMIN_TOKEN",
  token: "an API token",
  session: "a session of this browser",
  access: "Cloudflare Access",
  access_service: "a service token of Cloudflare Access",
  local: "being on this machine, to which the service is open",
};

function You({ caller }: { caller: Caller }) {
  return (
    <section class="card">
      <h2>You</h2>
      <dl class="facts-list">
        <dt>Name</dt>
        <dd>{caller.name}</dd>
        <dt>Role</dt>
        <dd>{caller.role}</dd>
        <dt>Known by</dt>
        <dd>{KNOWN_BY[caller.via]}</dd>
        {caller.expiresAtMs !== null && (
          <>
            <dt>Until</dt>
            <dd>
              <Moment at={instantOrNull(caller.expiresAtMs)} />
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

function Tokens({ page }: { page: Awaited<ReturnType<typeof readTokenPage>> }) {
  return (
    <>
      <section class="card flush">
        <h2>API tokens</h2>
        <TokenTable tokens={page.tokens} />
        {page.next_before !== null && <p class="empty">Older ones: GET /api/tokens?before={page.next_before}</p>}
      </section>
      <section class="card">
        <h2>Create a token</h2>
        <p class="muted small">
          It is shown once. A token that is revoked opens nothing within {CREDENTIAL_CACHE_MS / 1_000} seconds.
        </p>
        <TokenForm />
      </section>
    </>
  );
}

function Changes({ page }: { page: Awaited<ReturnType<typeof readAuditPage>> }) {
  return (
    <section class="card flush">
      <h2>Changes</h2>
      <AuditTable entries={page.entries} />
      {page.next_before !== null && (
        <nav class="pages" aria-label="Pages of the record of changes">
          <a href="/settings">Newest</a>
          <a href={`/settings?before=${page.next_before}`} rel="next">
            Older
          </a>
        </nav>
      )}
    </section>
  );
}
