import { nowMs } from "../../clock.ts";
import { AuditQuery } from "../../contract/audit.ts";
import type { BudgetReport } from "../../contract/budget.ts";
import { CREDENTIAL_CACHE_MS, DEFAULT_PAGE_TOKENS } from "../../contract/limits.ts";
import type { Config } from "../../env.ts";
import { countLiveRuns } from "../../store/live-runs.ts";
import type { AppContext, Caller } from "../app-context.ts";
import { readAuditPage } from "../audit.ts";
import { budgetReport } from "../budgets.ts";
import { schedulerHealth } from "../health.ts";
import { readPrices } from "../prices.ts";
import { invalid } from "../problems.ts";
import { instantOrNull } from "../run-view.ts";
import { readTokenPage } from "../tokens.ts";
import { AuditTable } from "./audit-table.tsx";
import { BudgetBars } from "./budget-bars.tsx";
import { BudgetForm } from "./budget-form.tsx";
import { HealthCard } from "./health-card.tsx";
import { Moment } from "./instant.tsx";
import { answerPage, mayDo } from "./layout.tsx";
import { PriceCard } from "./price-table.tsx";
import { TokenForm, TokenTable } from "./token-table.tsx";

/** Runs that have not ended are counted so far. */
const MAX_COUNTED_RUNS = 10_000;

/** How the service is, what runs may cost, and who is signed in; and for an admin, who may call and who changed what. */
export async function settingsPage(c: AppContext): Promise<Response> {
  const isAdmin = mayDo(c, "admin");
  const query = AuditQuery.safeParse(c.req.query());
  if (!query.success) throw invalid("invalid_request", query.error, ["query"]);
  const caller = c.get("caller");
  const [scheduler, live, budgets, prices, tokens, changes] = await Promise.all([
    schedulerHealth(c.env.DB, nowMs()),
    countLiveRuns(c.env.DB, MAX_COUNTED_RUNS),
    budgetReport(c),
    readPrices(c),
    isAdmin ? readTokenPage({ limit: DEFAULT_PAGE_TOKENS }, nowMs(), c) : null,
    isAdmin ? readAuditPage(query.data, c) : null,
  ]);
  return answerPage(
    c,
    { title: "Settings", section: "Settings" },
    <>
      <div class="head">
        <h1>Settings</h1>
      </div>
      <div class="halves" data-live="settings">
        <HealthCard scheduler={scheduler} live={live} retentionDays={c.get("config").RETENTION_DAYS} />
        {caller !== null && <You caller={caller} />}
      </div>
      <Budgets report={budgets} maySet={isAdmin} />
      <PriceCard prices={prices} maySet={isAdmin} />
      {tokens !== null && <Tokens page={tokens} openedBy={openedBy(c.get("config"))} />}
      {changes !== null && <Changes page={changes} />}
    </>,
  );
}

/** What runs may cost; of an agent it is set on the agent's page. */
function Budgets({ report, maySet }: { report: BudgetReport; maySet: boolean }) {
  return (
    <section class="card" id="budgets">
      <h2>Budgets</h2>
      {report.budgets.length === 0 ? (
        <p class="empty">None is set: runs may cost what they like.</p>
      ) : (
        <BudgetBars budgets={report.budgets} agent={true} />
      )}
      {maySet && (
        <details id="set-budget" class="card-part">
          <summary>
            <strong>Set the budget for all agents together</strong>
          </summary>
          <p class="muted small">For every run that begins from then on. Of one agent it is set on its own page.</p>
          <BudgetForm agent={null} budget={report.shared} />
        </details>
      )}
    </section>
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

/** Of several ways the one that most people would come by. */
function openedBy({ ADMIN_TOKEN, LOCAL_OPEN, ACCESS_TEAM_DOMAIN }: Config): string {
  if (LOCAL_OPEN) return "the service is open to whoever is on this machine";
  if (ACCESS_TEAM_DOMAIN === "") return "only the ADMIN_TOKEN opens this service";
  return `${ADMIN_TOKEN === "" ? "only" : "the ADMIN_TOKEN and"} Cloudflare Access opens this service`;
}

function Tokens({ page, openedBy }: { page: Awaited<ReturnType<typeof readTokenPage>>; openedBy: string }) {
  return (
    <>
      <section class="card flush">
        <h2>API tokens</h2>
        <TokenTable tokens={page.tokens} openedBy={openedBy} />
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
